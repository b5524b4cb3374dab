"""Attention in chunks, against PyTorch's own."""

import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import dispatch, scaled_dot_product_attention
from mmseg_tome.ops.cpu import attention
from tests.baselines.stock import relative_difference


@pytest.fixture
def chunked(matmul_by_onednn, sizes_in_bytes, monkeypatch):
    """Chunks whatever the size and the CPU; holds the sizes of the chunks' scores."""
    monkeypatch.setattr(dispatch, '_LEAST_SCORES', 0)
    monkeypatch.setattr(attention, '_CHUNK', 2**12)
    sizes = []
    original = attention._weights
    monkeypatch.setattr(
        attention,
        '_weights',
        lambda q, k, bias: (sizes.append((len(q), len(k))), original(q, k, bias))[1],
    )
    return sizes


def make(b, heads, n, m, d, scale=1.0):
    """Queries, keys and values as the layers make them: views of tokens."""
    torch.manual_seed(0)
    q = torch.randn(b, n, heads, d).transpose(1, 2) * scale
    k, v = (t.transpose(1, 2) for t in torch.randn(b, m, 2, heads, d).unbind(2))
    return q, k, v


def output_and_gradients(function, tensors):
    tensors = [t.detach().requires_grad_() for t in tensors]
    out = function(*tensors)
    probe = torch.linspace(-1, 1, out.numel()).view(out.shape).to(out.dtype)
    return [out, *torch.autograd.grad((out * probe).sum(), tensors)]


# Chunks of 1024 scores: several, the last one short; one; and less than a row.
@pytest.mark.parametrize('n, m', [(300, 32), (37, 11), (1, 1), (3, 1500), (50, 1)])
@pytest.mark.parametrize('b, heads, d', [(1, 1, 32), (2, 3, 8), (1, 5, 1)])
@pytest.mark.parametrize('weighted', [False, True])
def test_equals_pytorchs(chunked, b, heads, d, n, m, weighted):
    tensors = make(b, heads, n, m, d)
    bias = torch.randint(1, 20, (b, m)).double().log() if weighted else None

    def ours(q, k, v):
        return scaled_dot_product_attention(
            q, k, v, key_bias=None if bias is None else bias.float()
        )

    def pytorchs(q, k, v):
        mask = None if bias is None else bias[:, None, None].to(q.dtype)
        return F.scaled_dot_product_attention(q, k, v, mask)

    actual = output_and_gradients(ours, tensors)
    rows = max(1, 1024 // m)
    per_head = -(-n // rows)
    assert len(chunked) == 2 * b * heads * per_head  # forward and backward
    assert chunked[0] == (min(rows, n), m)
    plain = output_and_gradients(pytorchs, tensors)
    exact = output_and_gradients(pytorchs, [t.double() for t in tensors])
    for ours, theirs, want in zip(actual, plain, exact, strict=True):
        assert ours.shape == theirs.shape
        # A gradient that is zero, as with one key, is so beyond rounding in both.
        error, allowed = (ours - want).norm(), 2 * (theirs - want).norm()
        assert error <= allowed + 1e-6 * want.norm() + 1e-6


def test_nothing_overflows(chunked):
    q, k, v = make(1, 2, 40, 20, 16, scale=1e4)
    out = scaled_dot_product_attention(q, k, v)
    assert chunked
    assert relative_difference(out, F.scaled_dot_product_attention(q, k, v)) < 1e-5


def test_tokens_are_a_view(chunked):
    out = scaled_dot_product_attention(*make(2, 3, 40, 20, 8))
    assert out.transpose(1, 2).is_contiguous()


def test_inference_mode(chunked):
    tensors = make(1, 2, 40, 20, 16)
    with torch.inference_mode():
        out = scaled_dot_product_attention(*tensors)
    assert chunked
    assert relative_difference(out, F.scaled_dot_product_attention(*tensors)) < 1e-6


@pytest.mark.parametrize('dtype', [torch.float64, torch.bfloat16])
def test_other_dtypes_are_left_to_pytorch(chunked, dtype):
    tensors = [t.to(dtype) for t in make(1, 2, 40, 20, 16)]
    assert torch.equal(
        scaled_dot_product_attention(*tensors), F.scaled_dot_product_attention(*tensors)
    )
    assert not chunked


def test_dropout_is_left_to_pytorch(chunked):
    tensors = make(1, 2, 40, 20, 16)
    torch.manual_seed(1)
    out = scaled_dot_product_attention(*tensors, dropout_p=0.5)
    torch.manual_seed(1)
    assert torch.equal(out, F.scaled_dot_product_attention(*tensors, dropout_p=0.5))
    assert not chunked


def test_few_scores_are_left_to_pytorch(chunked, monkeypatch):
    monkeypatch.setattr(dispatch, '_LEAST_SCORES', 800)
    scaled_dot_product_attention(*make(1, 2, 40, 19, 16))
    assert not chunked
    scaled_dot_product_attention(*make(1, 2, 40, 20, 16))
    assert chunked


def test_keeps_queries_keys_and_values_alone(chunked):
    q, k, v = (t.requires_grad_() for t in make(1, 2, 40, 20, 16))
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (saved.append(t), t)[1], lambda t: t):
        scaled_dot_product_attention(q, k, v)
    assert sorted(t.shape for t in saved) == sorted([q.shape, k.shape, v.shape])
