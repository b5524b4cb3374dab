"""Sums and means over the tokens of a slot, and copies of a slot to its tokens: each other's
transposes, and so each other's backward pass. Sums have a fixed order."""

import triton
import triton.language as tl
from torch import Tensor

from .op import block_of, kernel_dtype, kernel_op

_BLOCK_ROWS = 32
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
    _launch(_reduce, m, tokens, order, offsets, out, n, m, mean)
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
    _launch(_gather, triton.cdiv(n, _BLOCK_ROWS), slots, slot, offsets, out, n, m, mean)
    return out.to(slots.dtype)


def _check_shapes(b: int, n: int, slot: Tensor, order: Tensor, offsets: Tensor) -> None:
    """A kernel would read beyond a tensor's end where PyTorch raises."""
    if slot.shape != (b, n) or order.shape != (b, n) or offsets.shape[0] != b:
        shapes = [tuple(index.shape) for index in (slot, order, offsets)]
        raise ValueError(
            f'slot, order and offsets have shapes {shapes}: for {b} images of {n} tokens, '
            f'give ({b}, {n}), ({b}, {n}) and ({b}, M + 1)'
        )


def _launch(kernel, programs, rows, index, offsets, out, n, m, mean) -> None:
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
        BLOCK_ROWS=_BLOCK_ROWS,
        BLOCK_C=block_c,
        num_warps=2,
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
def _reduce(
    tokens,
    order,
    offsets,
    out,
    N,
    M,
    C,
    MEAN: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One program: a block of channels of one slot."""
    m = tl.program_id(0)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = tl.program_id(2).to(tl.int64)
    first = tl.load(offsets + image * (M + 1) + m)
    end = tl.load(offsets + image * (M + 1) + m + 1)
    total = tl.zeros([BLOCK_ROWS, BLOCK_C], tl.float32)
    for i in range(first, end, BLOCK_ROWS):
        member = i + tl.arange(0, BLOCK_ROWS)
        token = tl.load(order + image * N + member, mask=member < end, other=0)
        row = tokens + (image * N + token)[:, None] * C
        inside = (member < end)[:, None] & (c < C)[None, :]
        total += tl.load(row + c[None, :], mask=inside, other=0).to(tl.float32)
    result = tl.sum(total, 0)
    if MEAN:
        result = tl.div_rn(result, (end - first).to(tl.float32))
    tl.store(out + (image * M + m) * C + c, result, mask=c < C)


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
