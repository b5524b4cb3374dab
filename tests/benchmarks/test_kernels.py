"""The benchmark of kernels, at sizes that the interpreter can take."""

import pytest
import torch

from benchmarks.kernels import STEPS, Shape, measure
from tests.ops.triton.accuracy import on_gpu
from tests.ops.triton.conftest import DEVICE, kernels  # noqa: F401 - a fixture


@pytest.mark.parametrize('dtype', [torch.float32, pytest.param(torch.bfloat16, marks=on_gpu)])
@pytest.mark.parametrize('step', STEPS)
def test_every_step_is_measured_on_all_implementations(step, dtype):
    shape = Shape('tiny', 1, 4, 5, 6, 0.5, 2)
    rows = measure(step, shape, dtype, DEVICE)
    names = ['torch', 'triton']
    if step == 'match' and dtype == torch.float32:
        names += ['triton, tf32x3']
    assert [row['implementation'] for row in rows] == names
    for row in rows:
        assert row['microseconds'] > 0 and row['gigabytes_per_second'] > 0
        # Two ways to the same numbers; PyTorch's own error is of this order.
        assert row['error'] <= 2 * rows[0]['error'] + torch.finfo(dtype).eps
