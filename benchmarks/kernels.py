"""The Triton kernels against PyTorch, one by one: time, accuracy, and bytes per second."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pandas as pd
import torch
from torch import Tensor

from mmseg_tome.analysis.results import Result
from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.merging.cells import partition
from mmseg_tome.ops import (
    assign_slots,
    best_match,
    depthwise_gelu,
    merge_tokens,
    unmerge_tokens,
    use_backend,
)

SECONDS = 'seconds'
_DTYPES = {torch.float32: 'fp32', torch.float16: 'fp16', torch.bfloat16: 'bf16'}

Function = Callable[[], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Shape:
    """A batch of token maps, and where it is merged, the reduction rate and the cell's side."""

    name: str
    b: int
    h: int
    w: int
    c: int
    r: float = 0.0
    cell: int = 0


# What HQ merges in B5: eight images of 1024x1024, or one of 3840x2160.
MERGED = [
    Shape('8 x 1024x1024, queries of stage 3', 8, 64, 64, 320, 0.8, 4),
    Shape('1 x 3840x2160, queries of stage 3', 1, 135, 240, 320, 0.8, 4),
    Shape('8 x 1024x1024, keys of stage 1', 8, 32, 32, 64, 0.6, 2),
    Shape('8 x 1024x1024, queries of stage 4', 8, 32, 32, 512, 0.8, 4),
]
# The hidden maps of its FFNs.
HIDDEN = [
    Shape('8 x 1024x1024, FFN of stage 3', 8, 64, 64, 1280),
    Shape('8 x 1024x1024, FFN of stage 1', 8, 256, 256, 256),
    Shape('1 x 3840x2160, FFN of stage 3', 1, 135, 240, 1280),
]
STEPS = {
    'match': MERGED,
    'assign': MERGED,
    'merge': MERGED,
    'unmerge': MERGED,
    'depthwise': HIDDEN,
    'depthwise and backward': HIDDEN,
}


def measure(step: str, shape: Shape, dtype: torch.dtype, device: str) -> list[Result]:
    """Measure one step by PyTorch and by its kernel.

    Returns:
        By implementation (``'torch'``, ``'triton'``): ``seconds`` (median), the
        ``relative_difference`` to PyTorch in fp64, and ``bytes_per_second`` if every input is read
        and every output written once. The note is step and shape.
    """
    inputs, run = _step(step, shape, device)
    rounded = [_cast(x, dtype) for x in inputs]
    with use_backend('torch'):
        exact = run(*(_cast(x, torch.float64) for x in rounded))
    rows = []
    for name, chosen in _implementations(step, dtype):
        with chosen():
            out = run(*rounded)
            seconds = _median_seconds(lambda: run(*rounded), device)
        moved = sum(x.numel() * x.element_size() for x in (*rounded, *out))
        new = partial(
            Result,
            'kernels',
            batch=str(shape.b),
            dtype=_DTYPES[dtype],
            mode='training' if 'backward' in step else 'inference',
            scope='kernel',
            implementation=name,
            note=f'{step}: {shape.name}',
        )
        rows.append(new(SECONDS, seconds, unit='s'))
        rows.append(new('relative_difference', max(map(_error, out, exact))))
        rows.append(new('bytes_per_second', moved / seconds, unit='bytes/s'))
    return rows


def table(results: Sequence[Result]) -> pd.DataFrame:
    """A row per step, shape, dtype and implementation, with the speed-up over PyTorch."""
    rows = pd.DataFrame(
        {
            'step and shape': result.note,
            'dtype': result.dtype,
            'implementation': result.implementation,
            'metric': result.metric,
            'value': result.value,
        }
        for result in results
    )
    of = ['step and shape', 'dtype', 'implementation']
    wide = rows.pivot_table('value', of, 'metric', sort=False)
    seconds = wide[SECONDS].unstack('implementation')
    speed_up = seconds.rdiv(seconds['torch'], axis=0).stack().reindex(wide.index)
    return pd.DataFrame(
        {
            'microseconds': (1e6 * wide[SECONDS]).round(1),
            'error': wide['relative_difference'].map('{:.1e}'.format),
            'GB/s': (wide['bytes_per_second'] / 1e9).round(0),
            'speed-up': speed_up.round(2),
        }
    ).reset_index()


def _implementations(step: str, dtype: torch.dtype) -> Iterator[tuple[str, Callable]]:
    yield 'torch', lambda: use_backend('torch')
    yield 'triton', lambda: use_backend('triton')
    if step == 'match' and dtype == torch.float32:
        yield 'triton, tf32x3', _tf32x3


@contextmanager
def _tf32x3() -> Iterator[None]:
    """Multiply fp32 tokens on tensor cores, in three passes."""
    from mmseg_tome.ops.triton import match

    precision, match.FP32_PRECISION = match.FP32_PRECISION, 'tf32x3'
    try:
        with use_backend('triton'):
            yield
    finally:
        match.FP32_PRECISION = precision


def _step(step: str, shape: Shape, device: str) -> tuple[list[Tensor], Callable]:
    """Random inputs in fp32, and a function of them."""
    hw, n = (shape.h, shape.w), shape.h * shape.w
    generator = torch.Generator(device).manual_seed(0)

    def random(*size: int) -> Tensor:
        return torch.randn(size, device=device, generator=generator)

    if step.startswith('depthwise'):
        inputs = [random(shape.b, n, shape.c), random(shape.c, 1, 3, 3) / 3]
        inputs += [random(shape.c), random(shape.b, n, shape.c)]
        return inputs, _depthwise(hw, backward='backward' in step)

    tokens = random(shape.b, n, shape.c)
    algorithm = BipartiteSoftMatching(shape.r, shape.cell, shape.cell)
    index = partition(*hw, shape.cell, shape.cell, tokens.device)
    if step == 'match':
        return [tokens], lambda x: best_match(x, *index)[:1]  # indices differ where scores tie
    if step == 'assign':
        with use_backend('torch'):
            score, match = best_match(tokens, *index)
        merged = algorithm.num_merged(hw)
        return [], lambda: assign_slots(score, match, *index, merged)[:1]
    with use_backend('triton'):  # which finds the members too
        plan = algorithm.plan(tokens, hw)
    if step == 'merge':
        return [tokens], lambda x: (merge_tokens(x, plan.slot, plan.num_slots, plan.members),)
    return [plan.merge(tokens)], lambda x: (unmerge_tokens(x, plan.slot, plan.members),)


def _depthwise(hw: tuple[int, int], backward: bool) -> Callable:
    def run(hidden: Tensor, weight: Tensor, bias: Tensor, grad: Tensor) -> tuple[Tensor, ...]:
        inputs = [x.detach().requires_grad_(backward) for x in (hidden, weight, bias)]
        out = depthwise_gelu(inputs[0], hw, *inputs[1:])
        return torch.autograd.grad(out, inputs, grad) if backward else (out,)

    return run


def _cast(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.to(dtype) if x.is_floating_point() else x


def _error(out: Tensor, exact: Tensor) -> float:
    return ((out.double() - exact.double()).norm() / exact.double().norm()).item()


def _median_seconds(function: Function, device: str) -> float:
    """On a GPU the time of the device alone, from replays of a graph: no launches, no Python."""
    if device != 'cpu':
        from triton.testing import do_bench_cudagraph

        return do_bench_cudagraph(function, return_mode='median') / 1e3
    times = []
    for _ in range(3):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
