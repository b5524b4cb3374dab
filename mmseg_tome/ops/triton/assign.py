"""From scores to slots in two launches: selection of the best sources, and their grouping."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from .op import block_of, kernel_op

# Sources that a program looks at at a time: more would not stay in its registers. Those that group
# are of one warp each, which waits for no other.
_SELECT_BLOCK, _GROUP_BLOCK = 8192, 128


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
        num_warps=1,
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
    """Scores as unsigned integers of the same order."""
    value = tl.load(score + a, mask=a < A, other=0)
    value = tl.where(value == 0, 0.0, value)  # -0 equals 0
    bits = value.to(tl.int32, bitcast=True)
    return tl.where(bits < 0, ~bits, bits ^ -0x80000000).to(tl.uint32, bitcast=True)


@triton.jit
def _count_from(score, lowest, step, A, BLOCK: tl.constexpr):
    """How many keys are at least ``lowest`` plus one, two and three steps, 21 bits for each."""
    counts = tl.zeros([BLOCK], tl.int64)
    for first in range(0, A, BLOCK):
        a = first + tl.arange(0, BLOCK)
        key, is_source = _keys(score, a, A), a < A
        for i in tl.static_range(3):
            reaches = is_source & (key >= lowest + (i + 1) * step)
            counts += reaches.to(tl.int64) << (21 * i)
    return tl.sum(counts, 0)


@triton.jit
def _count_above(score, threshold, A, BLOCK: tl.constexpr):
    """How many keys are above ``threshold``."""
    counts = tl.zeros([BLOCK], tl.int32)
    for first in range(0, A, BLOCK):
        a = first + tl.arange(0, BLOCK)
        counts += ((_keys(score, a, A) > threshold) & (a < A)).to(tl.int32)
    return tl.sum(counts, 0)


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

    # The lowest key that is merged, by two bits at a time: the largest that enough keys reach.
    # One sum for three candidates: sums wait for all warps, and there is little else to wait for.
    lowest = tl.zeros([], tl.uint32)
    for i in tl.static_range(16):
        step = tl.full([], 1 << (30 - 2 * i), tl.uint32)
        counts = _count_from(score, lowest, step, A, BLOCK)
        for j in tl.static_range(3):
            enough = ((counts >> (21 * j)) & 0x1FFFFF) >= num_merged
            lowest += tl.where(enough, step, 0)
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
    d, a = tl.program_id(0), tl.arange(0, BLOCK)
    image = tl.program_id(1).to(tl.int64)
    destination += image * A
    slot += image * (A + D)
    order += image * (A + D)
    offsets += image * (num_kept + D + 1)

    before = tl.zeros([BLOCK], tl.int32)
    for first in range(0, A, BLOCK):
        its = tl.load(destination + first + a, mask=first + a < A, other=-1)
        before += ((its >= 0) & (its < d)).to(tl.int32)
    position = num_kept + d + tl.sum(before, 0)
    token = tl.load(dst_index + d)
    tl.store(slot + token, num_kept + d)
    tl.store(order + position, token)
    tl.store(offsets + num_kept + d, position)

    position += 1
    for first in range(0, A, BLOCK):
        is_member = tl.load(destination + first + a, mask=first + a < A, other=-1) == d
        num_members = tl.sum(is_member.to(tl.int32), 0)
        if num_members > 0:  # mostly there are none: sources resemble what is near
            rank = tl.cumsum(is_member.to(tl.int32), 0) - 1
            source = tl.load(src_index + first + a, mask=is_member, other=0)
            tl.store(order + position + rank, source, mask=is_member)
            position += num_members
    if d == D - 1:
        tl.store(offsets + num_kept + D, A + D)
