"""The whole of bipartite soft matching, by kernels and by PyTorch."""

import pytest
import torch

from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.ops import use_backend

from .accuracy import DTYPES, check_accuracy, counted_runs, on_gpu


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(
    'hw, r, sx, sy, c',
    [
        ((5, 7), 0.6, 2, 2, 10),
        ((9, 8), 0.9, 4, 4, 17),
        ((2, 9), 0.4, 3, 1, 6),
        pytest.param((64, 64), 0.8, 4, 4, 320, marks=on_gpu),
        pytest.param((135, 240), 0.9, 4, 4, 320, marks=on_gpu),
    ],
)
def test_equal_plans(device, dtype, hw, r, sx, sy, c):
    torch.manual_seed(0)
    n, algorithm = hw[0] * hw[1], BipartiteSoftMatching(r, sx, sy)
    tokens = torch.randn(2, n, c).to(device, dtype)
    values = torch.randn(2, n, 5).to(device, dtype)
    with use_backend('torch'):
        plain = algorithm.plan(tokens, hw)
    with counted_runs() as ran:
        plan = algorithm.plan(tokens, hw)
        merged = plan.merge(values)
        back = plan.unmerge(merged)
    assert ran == {'best_match': 1, 'assign_slots': 1, 'reduce_slots': 1, 'gather_slots': 1}
    if n < 1000:
        assert torch.equal(plan.slot, plain.slot)
    # Of many thousand similarities a near-tie decides now and then, and renumbers what follows:
    # then the same tokens are kept, up to a few.
    alone = [
        p.slot < n - hw[0] // sy * (hw[1] // sx) - algorithm.num_merged(hw) for p in (plan, plain)
    ]
    assert (alone[0] != alone[1]).float().mean() < 1e-3
    with use_backend('torch'):
        exact = plan.merge(values.double())
        check_accuracy(merged, plan.merge(values), exact)
        assert torch.equal(back, plan.unmerge(merged))


def test_gradients(device):
    torch.manual_seed(0)
    algorithm, grads = BipartiteSoftMatching(0.6, 2, 2), []
    weight = torch.randn(2, 35, 6, device=device)
    x = torch.randn(2, 35, 6, device=device)
    for backend in ('torch', 'triton'):
        tokens = x.clone().requires_grad_()
        with use_backend(backend):
            plan = algorithm.plan(tokens, (5, 7))
            out = plan.unmerge(plan.merge(tokens).tanh())
            grads.append(torch.autograd.grad((out * weight).sum(), tokens)[0])
    torch.testing.assert_close(*grads)


def test_equal_tokens(device):
    """As in a blank image: all similarities are ties."""
    algorithm = BipartiteSoftMatching(0.5, 2, 2)
    plan = algorithm.plan(torch.ones(1, 48, 4, device=device), (6, 8))
    values = torch.randn(1, 48, 3, device=device)
    merged = plan.merge(values)
    assert merged.shape == (1, 24, 3)
    # The first sources in raster order went into the first destination, the top-left token.
    src = [i for i in range(48) if (i // 8) % 2 or i % 2][:24]
    torch.testing.assert_close(merged[0, 12], values[0, [0, *src]].mean(0))
