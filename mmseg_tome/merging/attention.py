"""Attention among merged tokens: the computation of SegFormer's attention with token merging."""

from collections.abc import Callable

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

    def attend(q: Tensor, kv: Tensor) -> Tensor:
        return multi_head_attention(q, kv, weights, num_heads, dropout_p)

    return attend_merged(attend, x, hw, kv, kv_hw, q_merging, kv_merging)


def attend_merged(
    attend: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    hw: tuple[int, int],
    kv: Tensor,
    kv_hw: tuple[int, int],
    q_merging: Merging | None = None,
    kv_merging: Merging | None = None,
) -> Tensor:
    """:func:`merged_attention` with any attention.

    Args:
        attend: Attention with its projections: merged queries ``[B, N, C]``, and merged keys and
            values ``[B, M, C]``, to ``[B, N, C]``.
        x: Tokens that become the queries, ``[B, h * w, C]``.
        hw: Height and width of their map.
        kv: Tokens that become keys and values, spatially reduced, ``[B, h' * w', C]``.
        kv_hw: Height and width of their map.
        q_merging: How queries are merged, or None.
        kv_merging: How keys and values are merged, or None.

    Returns:
        ``[B, h * w, C]``, without a shortcut.
    """
    if kv_merging is not None:
        kv = kv_merging.plan(kv, kv_hw).merge(kv)
    if q_merging is None:
        return attend(x, kv)
    plan = q_merging.plan(x, hw)
    return plan.unmerge(attend(plan.merge(x), kv))
