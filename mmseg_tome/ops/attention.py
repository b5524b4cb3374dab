"""Scaled dot-product attention, and multi-head attention with its projections."""

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .cpu.attention import chunked_attention
from .dispatch import (
    call_kernel,
    is_eager,
    is_transformed,
    runs_chunked_attention,
    runs_weighted_attention,
)
from .matmul import linear
from .twice import gradients_of_plain, plain_attention
from .weights import AttentionWeights


def scaled_dot_product_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    dropout_p: float = 0.0,
    key_bias: Tensor | None = None,
) -> Tensor:
    """Compute ``softmax(q @ k.T / sqrt(d) + key_bias) @ v`` for every image and head.

    Args:
        q: Queries, ``[B, heads, N, d]``.
        k: Keys, ``[B, heads, M, d]``.
        v: Values, ``[B, heads, M, d]``.
        dropout_p: Dropout rate of the attention weights.
        key_bias: What is added to the logits of every key, ``[B, M]``, without gradient; or None.

    Returns:
        ``[B, heads, N, d]``; tokens ``[B, N, heads * d]`` are a view of it.

    Source: Eq. 2.
    """
    if runs_chunked_attention(q, k, dropout_p):
        return chunked_attention(q, k, v, key_bias)
    if key_bias is not None and runs_weighted_attention(q, k, v, dropout_p):
        attended: Tensor = call_kernel('attend_weighted', q, k, v, key_bias)
        return attended
    # Broadcast over heads and queries, so that no matrix of queries by keys is formed.
    mask = None if key_bias is None else key_bias[:, None, None].to(q.dtype)
    if dropout_p:
        return F.scaled_dot_product_attention(q, k, v, mask, dropout_p)
    if is_transformed():
        return plain_attention(q, k, v, key_bias)
    out = F.scaled_dot_product_attention(q, k, v, mask)
    if out.requires_grad and is_eager():
        again: Tensor = _DifferentiableTwice.apply(out, q, k, v, key_bias)  # type: ignore[no-untyped-call]
        return again
    return out


class _DifferentiableTwice(torch.autograd.Function):
    """Attention as it is, but by plain operations where gradients are taken of its gradient.

    PyTorch's fused attention has a gradient, which has none.
    """

    @staticmethod
    def forward(
        ctx: Any, out: Tensor, q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(q, k, v)
        ctx.key_bias = key_bias
        return out.view_as(out)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        if not torch.is_grad_enabled():
            return grad, None, None, None, None  # on to fused attention
        attend = partial(plain_attention, key_bias=ctx.key_bias)
        return None, *gradients_of_plain(attend, ctx.saved_tensors, grad), None


def multi_head_attention(
    q: Tensor,
    kv: Tensor,
    weights: AttentionWeights,
    num_heads: int,
    dropout_p: float = 0.0,
    key_bias: Tensor | None = None,
) -> Tensor:
    """Project queries, keys and values, attend, and project the result.

    Args:
        q: What becomes the queries, ``[B, N, C]``.
        kv: What becomes keys and values, ``[B, M, C]``.
        weights: The projections.
        num_heads: Number of heads, which divides ``C``.
        dropout_p: Dropout rate of the attention weights.
        key_bias: What is added to the logits of every key, ``[B, M]``, without gradient; or None.

    Returns:
        ``[B, N, C]``.

    Source: Sec. III-C, Eq. 2.
    """
    queries = linear(q, weights.q, weights.q_bias).unflatten(2, (num_heads, -1))
    both = linear(kv, weights.kv, weights.kv_bias).unflatten(2, (2, num_heads, -1))
    keys, values = both.unbind(2)
    out = scaled_dot_product_attention(
        queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), dropout_p, key_bias
    )
    return linear(out.transpose(1, 2).flatten(2), weights.out, weights.out_bias)
