"""The benchmark of kernels, at sizes that the interpreter can take."""

import pytest
import torch

from benchmarks.kernel_steps import STEPS, Shape
from benchmarks.kernels import measure, table
from tests.ops.triton.accuracy import on_gpu
from tests.ops.triton.conftest import DEVICE, kernels  # noqa: F401 - a fixture


@pytest.mark.parametrize('dtype', [torch.float32, pytest.param(torch.bfloat16, marks=on_gpu)])
@pytest.mark.parametrize('step', STEPS)
def test_every_step_is_measured_on_all_implementations(step, dtype):
    # FlexAttention takes heads of at least 16 channels on a GPU.
    c = 32 if 'attention' in step else 6
    shape = Shape('tiny', 1, 4, 5, c, 0.5, 2, keys=7, heads=2)
    rows = list(measure(step, shape, dtype, DEVICE))
    names = ['torch', 'triton']
    if step.endswith('match') and dtype == torch.float32:
        names += ['triton, tf32x3']
    if 'attention' in step:
        is_weighted, is_forward = step.startswith('weighted'), 'backward' not in step
        has_kernel = is_weighted and is_forward and dtype != torch.float32
        names = ['torch'] + ['triton'] * has_kernel + ['torch, extra channels'] * is_weighted
        # FlexAttention has no gradient on CPUs.
        if is_weighted and (is_forward or DEVICE == 'cuda'):
            names += ['torch, score_mod']
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
    for name in names[1:]:
        gain = values['torch', 'seconds'] / values[name, 'seconds']
        assert shown.loc[name, 'speed-up'] == pytest.approx(gain, abs=0.01)
