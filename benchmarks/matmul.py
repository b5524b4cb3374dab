"""PyTorch's two libraries for matrix products on a CPU, at the shapes of SegFormer's layers."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from mmseg_tome.analysis.results import Result
from mmseg_tome.analysis.timing import interleaved_times, medians
from mmseg_tome.ops import linear, scaled_dot_product_attention

# One image of 1024x1024: tokens, and the channels that go in and come out.
LINEAR = {
    'B0, a row tile of the FFN of stage 1': (8192, 32, 128),
    'B0, FFN of stage 3': (4096, 160, 640),
    'B2, FFN of stage 3': (4096, 320, 1280),
    'B2, FFN of stage 4': (1024, 512, 2048),
    'head': (16384, 256, 256),
}
# Queries, keys, heads, and channels of a head.
ATTENTION = {
    'B0, stage 1': (65536, 1024, 1, 32),
    'B0, stage 1, keys merged by hq': (65536, 410, 1, 32),
    'B2, stage 1': (65536, 1024, 1, 64),
    'B2, stage 3, queries merged by hq': (820, 1024, 5, 64),
}


def measure(repeats: int, on_step: Callable[[], None] = lambda: None) -> list[dict]:
    """Time matrix products and attention in fp32, by PyTorch's own functions and by this project's.

    Args:
        repeats: How often each is timed.
        on_step: Called after every call.

    Returns:
        One row per shape and direction: ``what``, ``shape``, ``direction``, ``torch_gflops`` and
        ``ours_gflops`` (1e9 operations per second), ``speed_up``, and ``difference``, that of
        the results, relative.
    """
    rows = []
    for what, shapes, torchs, ours in (
        ('linear', LINEAR, F.linear, linear),
        ('attention', ATTENTION, F.scaled_dot_product_attention, scaled_dot_product_attention),
    ):
        for name, shape in shapes.items():
            tensors, gflop = _inputs(what, *shape)
            for direction in ('forward', 'backward'):
                runs = {
                    'torch': _run(torchs, tensors, direction),
                    'ours': _run(ours, tensors, direction),
                }
                results = {key: run() for key, run in runs.items()}
                seconds = medians(interleaved_times(runs, repeats, warmup=2, on_step=on_step))
                # Twice the products of a linear, and two and a half times those of attention.
                factor = 1 if direction == 'forward' else 2 if what == 'linear' else 2.5
                rate = {key: factor * gflop / value for key, value in seconds.items()}
                rows.append(
                    {
                        'what': what,
                        'shape': name,
                        'direction': direction,
                        'torch_gflops': rate['torch'],
                        'ours_gflops': rate['ours'],
                        'speed_up': seconds['torch'] / seconds['ours'],
                        'difference': max(map(_difference, results['ours'], results['torch'])),
                    }
                )
    return rows


def results(rows: Iterable[Mapping]) -> list[Result]:
    """What :func:`measure` returns as rows of results."""
    return [
        Result(
            *('matmul', metric, value),
            unit='GFLOP/s' if metric == 'rate' else '',
            implementation=implementation,
            dtype='fp32',
            mode=row['direction'],
            scope='layer',
            note=f'{row["what"]}: {row["shape"]}',
        )
        for row in rows
        for implementation, metric, value in (
            ('torch', 'rate', row['torch_gflops']),
            ('ours', 'rate', row['ours_gflops']),
            ('ours', 'speed-up over torch', row['speed_up']),
            ('ours', 'relative_difference', row['difference']),
        )
    ]


def num_steps(repeats: int) -> int:
    """How often :func:`measure` calls ``on_step``."""
    return (len(LINEAR) + len(ATTENTION)) * 2 * 2 * (repeats + 2)


def _inputs(what: str, *shape: int) -> tuple[list[Tensor], float]:
    """Random tensors, and 1e9 operations of the forward pass."""
    if what == 'linear':
        n, k, outputs = shape
        tensors = [torch.randn(1, n, k), torch.randn(outputs, k), torch.randn(outputs)]
        return tensors, 2e-9 * n * k * outputs
    n, m, heads, d = shape
    tokens = [torch.randn(1, count, heads, d).transpose(1, 2) for count in (n, m, m)]
    return tokens, 4e-9 * heads * n * m * d


def _run(function: Callable, tensors: list[Tensor], direction: str) -> Callable:
    if direction == 'forward':

        def forward() -> tuple[Tensor, ...]:
            with torch.inference_mode():
                return (function(*tensors),)

        return forward
    inputs = [x.clone().requires_grad_() for x in tensors]
    out = function(*inputs)
    grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(0))
    return lambda: torch.autograd.grad(out, inputs, grad, retain_graph=True)


def _difference(ours: Tensor, torchs: Tensor) -> float:
    return ((ours.double() - torchs.double()).norm() / torchs.double().norm()).item()
