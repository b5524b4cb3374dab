"""Every step with a kernel, and attention: time, accuracy and bytes per second against PyTorch."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pandas as pd
import torch
from torch import Tensor

from mmseg_tome.analysis.results import Result

from .kernel_steps import Shape, ways_of

SECONDS = 'seconds'
DTYPES = {torch.float32: 'fp32', torch.float16: 'fp16', torch.bfloat16: 'bf16'}

Function = Callable[[], tuple[Tensor, ...]]


def measure(step: str, shape: Shape, dtype: torch.dtype, device: str) -> Iterator[Result]:
    """Measure one step by PyTorch and by other ways, such as its kernel.

    Yields:
        By implementation (``'torch'``, ``'triton'``, …): ``seconds`` (median), the
        ``relative_difference`` to PyTorch in fp64, and ``bytes_per_second`` if every input is read
        and every output written once. The note is step and shape.
    """
    inputs, ways = ways_of(step, shape, dtype, device)
    rounded = [x.to(dtype) for x in inputs]
    with ways['torch'].context():
        exact = ways['torch'].run(*(x.double() for x in rounded))
    for name, (context, run) in ways.items():
        with context():
            out = run(*rounded)
            seconds = _median_seconds(partial(run, *rounded), device)
        moved = sum(x.numel() * x.element_size() for x in (*rounded, *out))
        new = partial(
            Result,
            'kernels',
            batch=str(shape.b),
            dtype=DTYPES[dtype],
            mode='training' if 'backward' in step else 'inference',
            scope='kernel',
            implementation=name,
            note=f'{step}: {shape.name}',
        )
        yield new(SECONDS, seconds, unit='s')
        yield new('relative_difference', max(map(_error, out, exact)))
        yield new('bytes_per_second', moved / seconds, unit='bytes/s')


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
