"""When a kernel is accurate enough, and whether it ran."""

import contextlib
from collections import Counter
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from mmseg_tome.ops import use_backend
from mmseg_tome.ops.registry import kernel_runs

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='slow in the interpreter')


@contextlib.contextmanager
def counted_runs() -> Iterator[Counter]:
    """Yields a counter that holds, afterwards, how often each kernel op ran inside."""
    before, counts = kernel_runs.copy(), Counter()
    yield counts
    counts.update(kernel_runs - before)


def on_both(function, *args):
    """The results of a function by PyTorch, by kernels, and by PyTorch in fp64."""
    with use_backend('torch'):
        plain = function(*args)
        exact = function(*(a.double() if _is_float(a) else a for a in args))
    return plain, function(*args), exact


def check_accuracy(
    actual: Tensor, plain: Tensor, exact: Tensor, name: str = 'output', terms: int = 1
) -> None:
    """The error is at most twice that of PyTorch in the same dtype, or that of rounding once.

    Or that of adding up so many ``terms`` in fp32, one after the other, which PyTorch may do in
    another order.
    """
    assert actual.shape == plain.shape and actual.dtype == plain.dtype, name
    assert actual.isfinite().all(), name
    rounding = torch.finfo(actual.dtype).eps / 2, torch.finfo(torch.float32).eps / 2 * terms**0.5
    error, allowed = _error(actual, exact), max(2 * _error(plain, exact), *rounding)
    assert error <= allowed, f'{name}: {error} > {allowed}'


def _error(actual: Tensor, exact: Tensor) -> float:
    return ((actual.double() - exact).norm() / exact.norm().clamp_min(1e-30)).item()


def _is_float(value) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()
