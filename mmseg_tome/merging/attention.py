"""Attention among merged tokens: the computation of SegFormer's attention with token merging."""

from collections.abc import Callable

import torch
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
    kv_weighted: bool = False,
) -> Tensor:
    """Attend from queries to keys and values, both merged, and unmerge the result.

    ::

        x  ── merge q ─── W_q ─────┐
        kv ── merge kv ── W_k, W_v ─ attention ─ W_o ─ unmerge q

    An average of ``s`` keys counts once in the softmax, where ``s`` keys counted before. Weighted,
    ``log s`` is added to its logits, and it counts as much as they did.

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
        kv_weighted: Whether merged keys are weighted by the number of tokens they stand for.

    Returns:
        ``[B, h * w, C]``, without a shortcut.

    Source: Sec. III-C; the weights are the proportional attention of Bolya et al., Token Merging:
    Your ViT but faster, ICLR 2023, Eq. 1.
    """

    def attend(q: Tensor, kv: Tensor, key_bias: Tensor | None) -> Tensor:
        return multi_head_attention(q, kv, weights, num_heads, dropout_p, key_bias)

    return attend_merged(attend, x, hw, kv, kv_hw, q_merging, kv_merging, kv_weighted)


def attend_merged(
    attend: Callable[[Tensor, Tensor, Tensor | None], Tensor],
    x: Tensor,
    hw: tuple[int, int],
    kv: Tensor,
    kv_hw: tuple[int, int],
    q_merging: Merging | None = None,
    kv_merging: Merging | None = None,
    kv_weighted: bool = False,
) -> Tensor:
    """:func:`merged_attention` with any attention.

    Args:
        attend: Attention with its projections: merged queries ``[B, N, C]``, merged keys and
            values ``[B, M, C]``, and what is added to the keys' logits, ``[B, M]`` in fp32 or
            None, to ``[B, N, C]``.
        x: Tokens that become the queries, ``[B, h * w, C]``.
        hw: Height and width of their map.
        kv: Tokens that become keys and values, spatially reduced, ``[B, h' * w', C]``.
        kv_hw: Height and width of their map.
        q_merging: How queries are merged, or None.
        kv_merging: How keys and values are merged, or None.
        kv_weighted: Whether merged keys are weighted by the number of tokens they stand for.

    Returns:
        ``[B, h * w, C]``, without a shortcut.
    """
    key_bias = None
    if kv_merging is not None:
        kv_plan = kv_merging.plan(kv, kv_hw)
        kv = kv_plan.merge(kv)
        sizes = kv_plan.sizes() if kv_weighted else None
        if sizes is not None:
            dtype = torch.promote_types(kv.dtype, torch.float32)
            key_bias = sizes.to(dtype).log().expand(kv.shape[0], -1)
    if q_merging is None:
        return attend(x, kv, key_bias)
    plan = q_merging.plan(x, hw)
    return plan.unmerge(attend(plan.merge(x), kv, key_bias))
