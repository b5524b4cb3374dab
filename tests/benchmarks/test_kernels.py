"""The benchmark of kernels, at sizes that the interpreter can take."""

import pytest
import torch

from benchmarks.kernels import STEPS, Shape, measure, table
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
    values = {(row.implementation, row.metric): row.value for row in rows}
    assert list(dict.fromkeys(row.implementation for row in rows)) == names
    assert len(rows) == len(values) == 3 * len(names)
    expected = values['torch', 'relative_difference']
    for name in names:
        assert values[name, 'seconds'] > 0 and values[name, 'bytes_per_second'] > 0
        # Two ways to the same numbers; PyTorch's own error is of this order.
        error = values[name, 'relative_difference']
        assert error <= 2 * expected + torch.finfo(dtype).eps
    shown = table(rows).set_index('implementation')
    assert list(shown.index) == names and shown.loc['torch', 'speed-up'] == 1
    gain = values['torch', 'seconds'] / values['triton', 'seconds']
    assert shown.loc['triton', 'speed-up'] == pytest.approx(gain, abs=0.01)
