"""Scaled dot-product attention, and multi-head attention with its projections."""

from torch import Tensor
from torch.nn import functional as F

from .cpu.attention import chunked_attention
from .dispatch import runs_chunked_attention
from .matmul import linear
from .weights import AttentionWeights


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, dropout_p: float = 0.0) -> Tensor:
    """Compute ``softmax(q @ k.T / sqrt(d)) @ v`` for every image and head.

    Args:
        q: Queries, ``[B, heads, N, d]``.
        k: Keys, ``[B, heads, M, d]``.
        v: Values, ``[B, heads, M, d]``.
        dropout_p: Dropout rate of the attention weights.

    Returns:
        ``[B, heads, N, d]``; tokens ``[B, N, heads * d]`` are a view of it.

    Source: Eq. 2.
    """
    if runs_chunked_attention(q, k, dropout_p):
        return chunked_attention(q, k, v)
    return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout_p)


def multi_head_attention(
    q: Tensor, kv: Tensor, weights: AttentionWeights, num_heads: int, dropout_p: float = 0.0
) -> Tensor:
    """Project queries, keys and values, attend, and project the result.

    Args:
        q: What becomes the queries, ``[B, N, C]``.
        kv: What becomes keys and values, ``[B, M, C]``.
        weights: The projections.
        num_heads: Number of heads, which divides ``C``.
        dropout_p: Dropout rate of the attention weights.

    Returns:
        ``[B, N, C]``.

    Source: Sec. III-C, Eq. 2.
    """
    queries = linear(q, weights.q, weights.q_bias).unflatten(2, (num_heads, -1))
    both = linear(kv, weights.kv, weights.kv_bias).unflatten(2, (2, num_heads, -1))
    keys, values = both.unbind(2)
    out = scaled_dot_product_attention(
        queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), dropout_p
    )
    return linear(out.transpose(1, 2).flatten(2), weights.out, weights.out_bias)
