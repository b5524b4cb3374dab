"""From the scores of all sources to the slots of all tokens."""

import torch
from torch import Tensor

from .dispatch import call_kernel, runs_kernel
from .merge import Members

# The kernel counts sources in 21 bits.
_MOST_SOURCES = 2**21 - 1


@torch.no_grad()
def assign_slots(
    score: Tensor, match: Tensor, src_index: Tensor, dst_index: Tensor, num_merged: int
) -> tuple[Tensor, Members | None]:
    """Merge the sources with the highest scores into their destinations; the others stay.

    Args:
        score: How similar every source is to its best destination, ``[B, A]``.
        match: That destination's place in ``dst_index``, ``[B, A]``.
        src_index: The sources' places among the tokens, ``[A]``.
        dst_index: The destinations' places among the tokens, ``[D]``.
        num_merged: How many sources are merged, from 1 to A.

    Returns:
        The slot of every token, ``[B, A + D]``: first the sources that stay in the order of
        ``src_index``, then the destinations. And the members of the slots where a kernel found
        them, else None.
    """
    if score.shape[1] <= _MOST_SOURCES and runs_kernel(score):
        slot, *members = call_kernel('assign_slots', score, match, src_index, dst_index, num_merged)
        return slot, Members(*members)
    num_kept = src_index.numel() - num_merged
    # Numbers, not truth values: tracing takes a lone True for one, and ONNX sums up numbers alone.
    chosen = score.topk(num_merged, dim=1, sorted=False).indices
    stays = match.new_ones(score.shape).scatter_(1, chosen, torch.zeros_like(chosen))
    # The n-th source that stays gets slot n.
    kept_slot = stays.cumsum(1) - 1
    slot = match.new_empty(score.shape[0], src_index.numel() + dst_index.numel())
    slot.index_copy_(1, src_index, torch.where(stays.bool(), kept_slot, match + num_kept))
    dst_slot = torch.arange(dst_index.numel(), device=slot.device) + num_kept
    slot.index_copy_(1, dst_index, dst_slot.expand(score.shape[0], -1))
    return slot, None
