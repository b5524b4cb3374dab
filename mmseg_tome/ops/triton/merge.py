"""Sums and means over the tokens of a slot, and copies of a slot to its tokens: each other's
transposes, and so each other's backward pass. Sums have a fixed order."""

import triton
import triton.language as tl
from torch import Tensor

from .op import block_of, kernel_dtype, kernel_op

# Tokens that a program copies slots to; slots that one reduces, and members of each that it adds
# at a time. A slot with more members than _FEW gets the whole program for a while.
_GATHER_ROWS = 32
_REDUCE_SLOTS, _REDUCE_MEMBERS, _FEW = 16, 4, 64
_LARGEST_BLOCK_C = 64


@kernel_op('reduce_slots')
def reduce_slots(
    tokens: Tensor, slot: Tensor, order: Tensor, offsets: Tensor, mean: bool
) -> Tensor:
    """Sum or average the tokens ``[B, N, C]`` of every slot to ``[B, M, C]``.

    ``order`` and ``offsets`` are those of :class:`mmseg_tome.ops.Members`; ``slot`` is for the
    backward pass.
    """
    (b, n, c), m = tokens.shape, offsets.shape[1] - 1
    _check_shapes(b, n, slot, order, offsets)
    out = tokens.new_empty(b, m, c, dtype=kernel_dtype(tokens.dtype))
    sizes = dict(SLOTS=_REDUCE_SLOTS, MEMBERS=_REDUCE_MEMBERS, FEW=_FEW, num_warps=4)
    programs = triton.cdiv(m, _REDUCE_SLOTS)
    _launch(_reduce, programs, tokens, order, offsets, out, n, m, mean, **sizes)
    return out.to(tokens.dtype)


@kernel_op('gather_slots')
def gather_slots(slots: Tensor, slot: Tensor, order: Tensor, offsets: Tensor, mean: bool) -> Tensor:
    """Copy slots ``[B, M, C]`` to their tokens ``[B, N, C]``, divided by their number if ``mean``.

    ``order`` is for the backward pass.
    """
    (b, m, c), n = slots.shape, slot.shape[1]
    _check_shapes(b, n, slot, order, offsets)
    if offsets.shape[1] != m + 1:
        raise ValueError(f'{m} slots have offsets of shape {tuple(offsets.shape)}: give [B, M + 1]')
    out = slots.new_empty(b, n, c, dtype=kernel_dtype(slots.dtype))
    sizes = dict(BLOCK_ROWS=_GATHER_ROWS, num_warps=2)
    programs = triton.cdiv(n, _GATHER_ROWS)
    _launch(_gather, programs, slots, slot, offsets, out, n, m, mean, **sizes)
    return out.to(slots.dtype)


def _check_shapes(b: int, n: int, slot: Tensor, order: Tensor, offsets: Tensor) -> None:
    """A kernel would read beyond a tensor's end where PyTorch raises."""
    if slot.shape != (b, n) or order.shape != (b, n) or offsets.shape[0] != b:
        shapes = [tuple(index.shape) for index in (slot, order, offsets)]
        raise ValueError(
            f'slot, order and offsets have shapes {shapes}: for {b} images of {n} tokens, '
            f'give ({b}, {n}), ({b}, {n}) and ({b}, M + 1)'
        )


def _launch(kernel, programs, rows, index, offsets, out, n, m, mean, **sizes) -> None:
    b, _, c = out.shape
    block_c = block_of(c, _LARGEST_BLOCK_C)
    kernel[(programs, triton.cdiv(c, block_c), b)](
        rows.contiguous(),
        index.contiguous(),
        offsets.contiguous(),
        out,
        n,
        m,
        c,
        MEAN=mean,
        BLOCK_C=block_c,
        **sizes,
    )


@reduce_slots.register_fake
def _(tokens, slot, order, offsets, mean):
    return tokens.new_empty(tokens.shape[0], offsets.shape[1] - 1, tokens.shape[2])


@gather_slots.register_fake
def _(slots, slot, order, offsets, mean):
    return slots.new_empty(slots.shape[0], slot.shape[1], slots.shape[2])


def _save(ctx, inputs, output) -> None:
    _, *index, ctx.mean = inputs
    ctx.save_for_backward(*index)


def _reduce_backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
    return gather_slots(grad, *ctx.saved_tensors, ctx.mean), None, None, None, None


def _gather_backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
    return reduce_slots(grad, *ctx.saved_tensors, ctx.mean), None, None, None, None


reduce_slots.register_autograd(_reduce_backward, setup_context=_save)
gather_slots.register_autograd(_gather_backward, setup_context=_save)


@triton.jit
def _sum_members(
    tokens,
    order,
    first,
    end,
    c,
    C,
    SLOTS: tl.constexpr,
    MEMBERS: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """Sum the tokens at ``order[first:end]`` of every slot."""
    member = first[:, None] + tl.arange(0, MEMBERS)[None, :]
    is_member = member < end[:, None]
    token = tl.load(order + member, mask=is_member, other=0)
    total = tl.zeros([SLOTS, MEMBERS, BLOCK_C], tl.float32)
    for _ in range(0, tl.max(end - first, 0), MEMBERS):
        row = tokens + token.to(tl.int64)[:, :, None] * C
        inside = is_member[:, :, None] & (c < C)[None, None, :]
        value = tl.load(row + c[None, None, :], mask=inside, other=0)
        # The next tokens are looked up while the rows of these are on their way.
        member += MEMBERS
        is_member = member < end[:, None]
        token = tl.load(order + member, mask=is_member, other=0)
        total += value.to(tl.float32)
    return tl.sum(total, 1)


@triton.jit
def _reduce(
    tokens,
    order,
    offsets,
    out,
    N,
    M,
    C,
    MEAN: tl.constexpr,
    SLOTS: tl.constexpr,
    MEMBERS: tl.constexpr,
    FEW: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One program: a block of channels of a block of slots.

    Most slots have one member, and are copied. Those with a few are summed side by side; those with
    many one after the other, by the whole program.
    """
    # Slots that tokens were merged into come last: the programs that take longest start first.
    block = (tl.num_programs(0) - 1 - tl.program_id(0)) * SLOTS
    m = block + tl.arange(0, SLOTS)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = tl.program_id(2).to(tl.int64)
    tokens += image * N * C
    order += image * N
    offsets += image * (M + 1)
    out += image * M * C
    first = tl.load(offsets + m, mask=m < M, other=0)
    size = tl.load(offsets + m + 1, mask=m < M, other=1) - first
    largest = tl.max(size, 0)
    is_small = size <= FEW

    if largest > 1:
        few_end = tl.where(is_small, first + size, first)
        total = _sum_members(tokens, order, first, few_end, c, C, SLOTS, MEMBERS, BLOCK_C)
    else:
        token = tl.load(order + first, mask=size > 0, other=0).to(tl.int64)
        inside = (size > 0)[:, None] & (c < C)[None, :]
        row = tokens + token[:, None] * C
        total = tl.load(row + c[None, :], mask=inside, other=0).to(tl.float32)
    if MEAN:
        total = tl.div_rn(total, size.to(tl.float32)[:, None])
    few_at = out + m.to(tl.int64)[:, None] * C + c[None, :]
    tl.store(few_at, total, mask=(is_small & (m < M))[:, None] & (c < C)[None, :])

    if largest > FEW:
        for large in range(block, tl.minimum(block + SLOTS, M)):
            one = large + tl.arange(0, 1)
            start = tl.load(offsets + one)
            end = tl.load(offsets + one + 1)
            if tl.max(end - start, 0) > FEW:
                sums = _sum_members(tokens, order, start, end, c, C, 1, SLOTS * MEMBERS, BLOCK_C)
                if MEAN:
                    sums = tl.div_rn(sums, (end - start).to(tl.float32)[:, None])
                at = out + one.to(tl.int64)[:, None] * C + c[None, :]
                tl.store(at, sums, mask=(c < C)[None, :])


@triton.jit
def _gather(
    slots,
    slot,
    offsets,
    out,
    N,
    M,
    C,
    MEAN: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One program: a block of channels of a block of tokens."""
    n = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = tl.program_id(2).to(tl.int64)
    m = tl.load(slot + image * N + n, mask=n < N, other=0)
    inside = (n < N)[:, None] & (c < C)[None, :]
    value = tl.load(slots + (image * M + m)[:, None] * C + c[None, :], mask=inside, other=0)
    if MEAN:
        offsets += image * (M + 1) + m
        size = (tl.load(offsets + 1) - tl.load(offsets)).to(tl.float32)
        value = tl.div_rn(value.to(tl.float32), size[:, None])
    tl.store(out + (image * N + n)[:, None] * C + c[None, :], value, mask=inside)
