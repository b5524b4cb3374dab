import pytest
import torch

from mmseg_tome.ops import merge_tokens, unmerge_tokens


def random_slots(b: int, n: int, m: int) -> torch.Tensor:
    """Slots of which every one has at least one token."""
    extra = torch.randint(0, m, (b, n - m))
    slot = torch.cat([torch.arange(m).expand(b, -1), extra], 1)
    return torch.stack([row[torch.randperm(n)] for row in slot])


def loop_merge(tokens: torch.Tensor, slot: torch.Tensor, m: int) -> torch.Tensor:
    return torch.stack(
        [
            torch.stack([t[s == i].mean(0) for i in range(m)])
            for t, s in zip(tokens, slot, strict=True)
        ]
    )


@pytest.mark.parametrize('b, n, m, c', [(1, 1, 1, 1), (2, 9, 4, 3), (3, 50, 50, 8), (2, 31, 1, 5)])
def test_equals_a_loop_with_gradients(b, n, m, c):
    torch.manual_seed(0)
    tokens = torch.randn(b, n, c, dtype=torch.double, requires_grad=True)
    slot = random_slots(b, n, m)
    merged = merge_tokens(tokens, slot, m)
    torch.testing.assert_close(merged, loop_merge(tokens, slot, m))
    weight = torch.randn_like(merged)
    (actual,) = torch.autograd.grad((merged * weight).sum(), tokens)
    (expected,) = torch.autograd.grad((loop_merge(tokens, slot, m) * weight).sum(), tokens)
    torch.testing.assert_close(actual, expected)


def test_unmerge_copies_and_its_gradient_sums():
    torch.manual_seed(0)
    merged = torch.randn(2, 4, 3, dtype=torch.double, requires_grad=True)
    slot = random_slots(2, 9, 4)
    out = unmerge_tokens(merged, slot)
    for image in range(2):
        for token in range(9):
            assert torch.equal(out[image, token], merged[image, slot[image, token]])
    assert torch.autograd.gradcheck(lambda x: unmerge_tokens(x, slot), merged)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_low_precision_sums_are_accumulated_in_fp32(dtype):
    # 4096 ones and one more: in bf16 a running sum of ones stops at 256, in fp16 at 2048.
    tokens = torch.ones(1, 4097, 2, dtype=dtype)
    merged = merge_tokens(tokens, torch.zeros(1, 4097, dtype=torch.long), 1)
    assert merged.dtype == dtype
    assert torch.equal(merged, torch.ones(1, 1, 2, dtype=dtype))
