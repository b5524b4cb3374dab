import pytest
import torch

from mmseg_tome.ops import merge_tokens, unmerge_tokens
from mmseg_tome.ops.merge import members_of

from ..test_merge import random_slots
from .accuracy import DTYPES, check_accuracy, counted_runs, on_both, on_gpu
from .test_assign import check_members

SHAPES = [
    (1, 1, 1, 1),
    (2, 9, 4, 3),
    (3, 8, 8, 8),
    (2, 100, 2, 5),  # more members than a program reads at a time
    (1, 40, 7, 130),  # several blocks of channels
    pytest.param(4, 4096, 820, 320, marks=on_gpu),
    pytest.param(1, 32400, 6480, 512, marks=on_gpu),
]


def with_gradient(function):
    """Make a function of (x, weight) return its output and the gradient of x."""

    def run(x, weight):
        x = x.detach().requires_grad_()
        out = function(x)
        (grad,) = torch.autograd.grad((out * weight).sum(), x)
        return out.detach(), grad

    return run


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('b, n, m, c', SHAPES)
def test_merge(device, dtype, b, n, m, c):
    torch.manual_seed(0)
    slot = random_slots(b, n, m).to(device)
    tokens, weight = torch.randn(b, n, c), torch.randn(b, m, c)
    with counted_runs() as ran:
        plain, actual, exact = on_both(
            with_gradient(lambda x: merge_tokens(x, slot, m)),
            tokens.to(device, dtype),
            weight.to(device, dtype),
        )
    assert ran == {'reduce_slots': 1, 'gather_slots': 1}
    check_accuracy(actual[0], plain[0], exact[0])
    check_accuracy(actual[1], plain[1], exact[1], 'gradient')


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('b, n, m, c', SHAPES)
def test_unmerge(device, dtype, b, n, m, c):
    torch.manual_seed(0)
    slot = random_slots(b, n, m).to(device)
    merged, weight = torch.randn(b, m, c), torch.randn(b, n, c)
    with counted_runs() as ran:
        plain, actual, exact = on_both(
            with_gradient(lambda x: unmerge_tokens(x, slot)),
            merged.to(device, dtype),
            weight.to(device, dtype),
        )
    assert ran == {'reduce_slots': 1, 'gather_slots': 1}
    assert torch.equal(actual[0], plain[0])
    check_accuracy(actual[1], plain[1], exact[1], 'gradient')


@pytest.mark.parametrize('dtype', DTYPES)
def test_a_slot_with_thousands_of_members(device, dtype):
    """In bf16 a running sum of ones stops at 256, in fp16 at 2048."""
    n = 4097 if device == 'cpu' else 100_000
    slot = torch.zeros(1, n, dtype=torch.long, device=device)
    slot[0, 1] = 1
    merged = merge_tokens(torch.ones(1, n, 2, dtype=dtype, device=device), slot, 2)
    assert torch.equal(merged, torch.ones_like(merged))


@pytest.mark.parametrize('dtype', DTYPES)
def test_slots_of_one_of_a_few_and_of_many_members(device, dtype):
    """Side by side in one program, which treats them differently; and in the program of the end."""
    torch.manual_seed(0)
    sizes = torch.tensor([1, 64, 2, 65, 9, 8, 1, 200, *([1] * 8), 70, 1, 66, 3])
    n, m = int(sizes.sum()), sizes.numel()
    in_order = torch.arange(m).repeat_interleave(sizes)
    slot = torch.stack([in_order[torch.randperm(n)] for _ in range(2)]).to(device)
    inputs = torch.randn(2, n, 5).to(device, dtype), torch.randn(2, m, 5).to(device, dtype)
    for function, args in (
        (lambda x: merge_tokens(x, slot, m), inputs),
        (lambda x: unmerge_tokens(x, slot), inputs[::-1]),
    ):
        plain, actual, exact = on_both(with_gradient(function), *args)
        check_accuracy(actual[0], plain[0], exact[0])
        check_accuracy(actual[1], plain[1], exact[1], 'gradient')


def test_known_members_give_the_same(device):
    torch.manual_seed(0)
    slot = random_slots(2, 31, 7).to(device)
    members = members_of(slot, 7)
    check_members(slot, members)
    tokens = torch.randn(2, 31, 5, device=device)
    merged = merge_tokens(tokens, slot, 7, members)
    assert torch.equal(merged, merge_tokens(tokens, slot, 7))
    assert torch.equal(unmerge_tokens(merged, slot, members), unmerge_tokens(merged, slot))


def test_layout_does_not_matter(device):
    torch.manual_seed(0)
    slot = random_slots(2, 31, 7).to(device)
    tokens = torch.randn(2, 5, 31, device=device).transpose(1, 2)
    merged = merge_tokens(tokens, slot, 7)
    assert torch.equal(merged, merge_tokens(tokens.contiguous(), slot, 7))
    strided = merged.repeat_interleave(2, dim=2)[:, :, ::2]
    assert torch.equal(unmerge_tokens(strided, slot), unmerge_tokens(merged, slot))


@pytest.mark.parametrize('dtype', DTYPES)
def test_runs_are_equal_to_the_last_bit(device, dtype):
    torch.manual_seed(0)
    b, n, m, c = (1, 60, 5, 4) if device == 'cpu' else (4, 4096, 100, 320)
    slot = random_slots(b, n, m).to(device)
    tokens, weight = torch.randn(b, n, c).to(device, dtype), torch.randn(b, m, c).to(device, dtype)
    run = with_gradient(
        lambda x: merge_tokens(unmerge_tokens(merge_tokens(x, slot, m), slot), slot, m)
    )
    first = run(tokens, weight)
    for _ in range(1 if device == 'cpu' else 3):
        assert all(map(torch.equal, run(tokens, weight), first))


def test_second_derivatives(device):
    torch.manual_seed(0)
    slot = random_slots(1, 9, 4).to(device)
    x = torch.randn(1, 9, 3, device=device, requires_grad=True)
    out = merge_tokens(x, slot, 4).pow(3).sum()
    (grad,) = torch.autograd.grad(out, x, create_graph=True)
    (second,) = torch.autograd.grad(grad.square().sum(), x)
    assert second.isfinite().all() and second.abs().max() > 0


def test_shapes_that_do_not_match(device):
    slot = torch.zeros(1, 9, dtype=torch.long, device=device)
    with pytest.raises(ValueError, match=r'for 1 images of 8 tokens, give \(1, 8\)'):
        merge_tokens(torch.zeros(1, 8, 4, device=device), slot, 1)
    with pytest.raises(ValueError, match='3 slots have offsets of shape'):
        members = members_of(slot, 1)
        unmerge_tokens(torch.zeros(1, 3, 4, device=device), slot, members)
