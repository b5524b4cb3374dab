"""Attention among merged tokens: the computation of SegFormer's attention with token merging."""

from torch import Tensor

from ..ops import AttentionWeights, multi_head_attention
from .base import Merging


def merged_attention(
    x: Tensor,
    hw: tuple[int, int],
    kv: Tensor,
    kv_hw: tuple[int, int],
    weights: AttentionWeights,
    num_heads: int,
    q_merging: Merging | None = None,
    kv_merging: Merging | None = None,
    dropout_p: float = 0.0,
) -> Tensor:
    """Attend from queries to keys and values, both merged, and unmerge the result.

    ::

        x  ── merge q ─── W_q ─────┐
        kv ── merge kv ── W_k, W_v ─ attention ─ W_o ─ unmerge q

    Args:
        x: Tokens that become the queries, ``[B, h * w, C]``.
        hw: Height and width of their map.
        kv: Tokens that become keys and values, spatially reduced, ``[B, h' * w', C]``.
        kv_hw: Height and width of their map.
        weights: The projections.
        num_heads: Number of heads, which divides ``C``.
        q_merging: How queries are merged, or None.
        kv_merging: How keys and values are merged, or None.
        dropout_p: Dropout rate of the attention weights.

    Returns:
        ``[B, h * w, C]``, without a shortcut.

    Source: Sec. III-C.
    """
    if kv_merging is not None:
        kv = kv_merging.plan(kv, kv_hw).merge(kv)
    if q_merging is None:
        return multi_head_attention(x, kv, weights, num_heads, dropout_p)
    plan = q_merging.plan(x, hw)
    return plan.unmerge(multi_head_attention(plan.merge(x), kv, weights, num_heads, dropout_p))
