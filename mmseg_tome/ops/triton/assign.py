"""From scores to slots in two launches: selection of the best sources, and their grouping."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from .op import block_of, kernel_op

# Sources that a program looks at at a time: more would not stay in its registers.
_SELECT_BLOCK, _GROUP_BLOCK = 8192, 2048


@kernel_op('assign_slots')
def assign_slots(
    score: Tensor, match: Tensor, src_index: Tensor, dst_index: Tensor, num_merged: int
) -> tuple[Tensor, Tensor, Tensor]:
    """See :func:`mmseg_tome.ops.assign_slots`; returns slots, order and offsets."""
    (b, a), d = score.shape, dst_index.numel()
    n, num_kept = a + d, a - num_merged
    slot = match.new_empty(b, n)
    order = match.new_empty(b, n, dtype=torch.int32)
    offsets = match.new_empty(b, num_kept + d + 1, dtype=torch.int32)
    destination = torch.empty_like(score, dtype=torch.int32)
    block = block_of(a, _SELECT_BLOCK)
    _select[(b,)](
        score.contiguous(),
        match.contiguous(),
        src_index,
        slot,
        order,
        offsets,
        destination,
        a,
        d,
        num_merged,
        BLOCK=block,
        num_warps=min(max(block // 256, 4), 16),
    )
    _group[(d, b)](
        destination,
        src_index,
        dst_index,
        slot,
        order,
        offsets,
        a,
        d,
        num_kept,
        BLOCK=block_of(a, _GROUP_BLOCK),
        num_warps=4,
    )
    return slot, order, offsets


@assign_slots.register_fake
def _(score, match, src_index, dst_index, num_merged):
    b, d = score.shape[0], dst_index.shape[0]
    n = score.shape[1] + d
    order = match.new_empty((b, n), dtype=torch.int32)
    offsets = match.new_empty((b, n - num_merged + 1), dtype=torch.int32)
    return match.new_empty((b, n)), order, offsets


@triton.jit
def _keys(score, a, A):
    """Scores as integers of the same order; positions from A on come last."""
    value = tl.load(score + a, mask=a < A, other=float('-inf'))
    value = tl.where(value == 0, 0.0, value)  # -0 equals 0
    bits = value.to(tl.int32, bitcast=True)
    return tl.where(bits < 0, bits ^ 0x7FFFFFFF, bits)


@triton.jit
def _count_from(score, threshold, A, BLOCK: tl.constexpr):
    """How many of the scores have a key of at least ``threshold``."""
    count = tl.zeros([], tl.int32)
    for first in range(0, A, BLOCK):
        a = first + tl.arange(0, BLOCK)
        count += tl.sum(((_keys(score, a, A) >= threshold) & (a < A)).to(tl.int32), 0)
    return count


@triton.jit
def _count_above(score, threshold, A, BLOCK: tl.constexpr):
    """How many of the scores have a key above ``threshold``."""
    count = tl.zeros([], tl.int32)
    for first in range(0, A, BLOCK):
        a = first + tl.arange(0, BLOCK)
        count += tl.sum(((_keys(score, a, A) > threshold) & (a < A)).to(tl.int32), 0)
    return count


@triton.jit
def _select(
    score,
    match,
    src_index,
    slot,
    order,
    offsets,
    destination,
    A,
    D,
    num_merged,
    BLOCK: tl.constexpr,
):
    """One program: an image's sources, of which the ``num_merged`` highest scores are merged."""
    image = tl.program_id(0).to(tl.int64)
    score += image * A
    match += image * A
    destination += image * A
    slot += image * (A + D)
    order += image * (A + D)
    num_kept = A - num_merged
    offsets += image * (num_kept + D + 1)

    # The lowest key that is merged, found bit by bit: the largest that enough keys reach.
    lowest = tl.where(_count_from(score, 0, A, BLOCK) >= num_merged, 0, -0x80000000).to(tl.int32)
    for i in range(31):
        candidate = lowest + (1 << (30 - i))
        enough = _count_from(score, candidate, A, BLOCK) >= num_merged
        lowest = tl.where(enough, candidate, lowest)
    # Of the keys that equal it, the first ones are merged, as many as are still missing.
    num_ties = num_merged - _count_above(score, lowest, A, BLOCK)

    ties_before = tl.zeros([], tl.int32)
    kept_before = tl.zeros([], tl.int32)
    for first in range(0, A, BLOCK):
        a = first + tl.arange(0, BLOCK)
        is_source = a < A
        key = _keys(score, a, A)
        tie = (is_source & (key == lowest)).to(tl.int32)
        tie_rank = ties_before + tl.cumsum(tie, 0) - tie
        merged = (key > lowest) | ((tie > 0) & (tie_rank < num_ties))
        kept = (is_source & (merged == 0)).to(tl.int32)
        kept_rank = kept_before + tl.cumsum(kept, 0) - kept
        token = tl.load(src_index + a, mask=is_source, other=0)
        matched = tl.load(match + a, mask=is_source, other=0)
        tl.store(slot + token, tl.where(merged, num_kept + matched, kept_rank), mask=is_source)
        tl.store(destination + a, tl.where(merged, matched, -1), mask=is_source)
        # The n-th source that stays is alone in slot n.
        tl.store(order + kept_rank, token, mask=kept > 0)
        tl.store(offsets + kept_rank, kept_rank, mask=kept > 0)
        ties_before += tl.sum(tie, 0)
        kept_before += tl.sum(kept, 0)


@triton.jit
def _group(
    destination, src_index, dst_index, slot, order, offsets, A, D, num_kept, BLOCK: tl.constexpr
):
    """One program: the members of one destination, itself first, then in the order of sources."""
    d = tl.program_id(0)
    image = tl.program_id(1).to(tl.int64)
    destination += image * A
    slot += image * (A + D)
    order += image * (A + D)
    offsets += image * (num_kept + D + 1)

    members_before = tl.zeros([], tl.int32)
    for first in range(0, A, BLOCK):
        a = first + tl.arange(0, BLOCK)
        its = tl.load(destination + a, mask=a < A, other=-1)
        members_before += tl.sum(((its >= 0) & (its < d)).to(tl.int32), 0)
    position = num_kept + d + members_before
    token = tl.load(dst_index + d)
    tl.store(slot + token, num_kept + d)
    tl.store(order + position, token)
    tl.store(offsets + num_kept + d, position)

    position += 1
    for first in range(0, A, BLOCK):
        a = first + tl.arange(0, BLOCK)
        member = (tl.load(destination + a, mask=a < A, other=-1) == d).to(tl.int32)
        rank = tl.cumsum(member, 0) - member
        source = tl.load(src_index + a, mask=member > 0, other=0)
        tl.store(order + position + rank, source, mask=member > 0)
        position += tl.sum(member, 0)
    if d == D - 1:
        tl.store(offsets + num_kept + D, A + D)
