"""Means or sums over the windows of a token map, and copies of windows to their tokens: each
other's transposes, and so each other's backward pass."""

import triton
import triton.language as tl
from torch import Tensor

from ..pool import ceil_div
from .op import block_of, kernel_dtype, kernel_op

# Windows, and tokens, of a program.
_POOL_ROWS, _UNPOOL_ROWS = 32, 64
_LARGEST_BLOCK_C = 64
# Tokens of a window that are on their way at a time.
_LOADS = 4
# With a larger one, PyTorch's product of a position and 1 / stride may be rounded below a whole
# number: 41 * (1 / 41) < 1 in fp32.
_LARGEST_EXACT_STRIDE = 40


@kernel_op('pool_tokens')
def pool_tokens(tokens: Tensor, h: int, w: int, sy: int, sx: int, mean: bool) -> Tensor:
    """Average ``[B, h * w, C]`` over the windows of ``avg_pool2d`` if ``mean``.

    Otherwise sum over those of nearest interpolation, which are others where a stride does not
    divide the map: the tokens that interpolation copies a window to.
    """
    b, n, c = tokens.shape
    ph, pw = ceil_div(h, sy), ceil_div(w, sx)
    if n != h * w:
        raise ValueError(f'tokens {tuple(tokens.shape)} do not match hw ({h}, {w})')
    out = tokens.new_empty(b, ph * pw, c, dtype=kernel_dtype(tokens.dtype))
    _launch(_pool, _POOL_ROWS, tokens, out, (h, w), (ph, pw), (sy, sx), mean)
    return out.to(tokens.dtype)


@kernel_op('unpool_tokens')
def unpool_tokens(pooled: Tensor, h: int, w: int, sy: int, sx: int, mean: bool) -> Tensor:
    """Copy windows to their tokens, ``[B, h * w, C]``, divided by their number if ``mean``.

    The windows are those of :func:`pool_tokens`.
    """
    b, m, c = pooled.shape
    ph, pw = ceil_div(h, sy), ceil_div(w, sx)
    if m != ph * pw:
        raise ValueError(
            f'pooled {tuple(pooled.shape)} does not match hw ({h}, {w}) and windows of '
            f'({sy}, {sx}): give [B, {ph * pw}, C]'
        )
    out = pooled.new_empty(b, h * w, c, dtype=kernel_dtype(pooled.dtype))
    _launch(_unpool, _UNPOOL_ROWS, pooled, out, (h, w), (ph, pw), (sy, sx), mean)
    return out.to(pooled.dtype)


def _launch(kernel, rows, tokens, out, hw, pooled_hw, stride, mean) -> None:
    b, n, c = out.shape
    block_c = block_of(c, _LARGEST_BLOCK_C)
    exact = all(x % s == 0 and s <= _LARGEST_EXACT_STRIDE for x, s in zip(hw, stride, strict=True))
    kernel[(triton.cdiv(n, rows), triton.cdiv(c, block_c), b)](
        tokens.contiguous(),
        out,
        *hw,
        *pooled_hw,
        c,
        *(p / x for p, x in zip(pooled_hw, hw, strict=True)),
        SY=stride[0],
        SX=stride[1],
        NEAREST=not mean and not exact,
        MEAN=mean,
        BLOCK_ROWS=rows,
        BLOCK_C=block_c,
        LOADS=_LOADS,
        num_warps=4,
    )


@pool_tokens.register_fake
def _(tokens, h, w, sy, sx, mean):
    return tokens.new_empty(tokens.shape[0], ceil_div(h, sy) * ceil_div(w, sx), tokens.shape[2])


@unpool_tokens.register_fake
def _(pooled, h, w, sy, sx, mean):
    return pooled.new_empty(pooled.shape[0], h * w, pooled.shape[2])


def _save(ctx, inputs, output) -> None:
    _, *ctx.settings = inputs


def _pool_backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
    return unpool_tokens(grad, *ctx.settings), None, None, None, None, None


def _unpool_backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
    return pool_tokens(grad, *ctx.settings), None, None, None, None, None


pool_tokens.register_autograd(_pool_backward, setup_context=_save)
unpool_tokens.register_autograd(_unpool_backward, setup_context=_save)


@triton.jit
def _window_of(i, P, scale, S: tl.constexpr, NEAREST: tl.constexpr):
    """The window, of P, that position ``i`` of a column or row belongs to."""
    if NEAREST:  # to the last bit what PyTorch computes, in fp32 too
        return tl.minimum((i.to(tl.float32) * scale).to(tl.int32), P - 1)
    else:
        return i // S


@triton.jit
def _first_of(j, N, P, scale, S: tl.constexpr, NEAREST: tl.constexpr):
    """The first of N positions that belongs to window ``j``, or to a later one."""
    if NEAREST:
        # Where the quotient N / P says, or one before or after it.
        i = (j * N + P - 1) // P - 1
        i_is_before = (_window_of(i, P, scale, S, NEAREST) < j).to(tl.int32)
        next_is_before = (_window_of(i + 1, P, scale, S, NEAREST) < j).to(tl.int32)
        return tl.minimum(tl.maximum(i + i_is_before + next_is_before, 0), N)
    else:
        return tl.minimum(j * S, N)


@triton.jit
def _pool(
    tokens,
    out,
    h,
    w,
    ph,
    pw,
    C,
    scale_y,
    scale_x,
    SY: tl.constexpr,
    SX: tl.constexpr,
    NEAREST: tl.constexpr,
    MEAN: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_C: tl.constexpr,
    LOADS: tl.constexpr,
):
    """One program: a block of channels of a block of windows."""
    # Rounding may add a token to a window of interpolation.
    HEIGHT: tl.constexpr = SY + 1 if NEAREST else SY
    WIDTH: tl.constexpr = SX + 1 if NEAREST else SX
    AT_ONCE: tl.constexpr = LOADS if LOADS < HEIGHT * WIDTH else HEIGHT * WIDTH
    m = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = tl.program_id(2).to(tl.int64)
    tokens += image * h * w * C
    out += image * ph * pw * C
    inside = (m < ph * pw)[:, None] & (c < C)[None, :]
    top = _first_of(m // pw, h, ph, scale_y, SY, NEAREST)
    bottom = _first_of(m // pw + 1, h, ph, scale_y, SY, NEAREST)
    left = _first_of(m % pw, w, pw, scale_x, SX, NEAREST)
    right = _first_of(m % pw + 1, w, pw, scale_x, SX, NEAREST)
    total = tl.zeros([BLOCK_ROWS, BLOCK_C], tl.float32)
    for first in range(0, HEIGHT * WIDTH, AT_ONCE):
        for k in tl.static_range(AT_ONCE):
            y = top + (first + k) // WIDTH
            x = left + (first + k) % WIDTH
            row = tokens + (y * w + x).to(tl.int64)[:, None] * C
            is_token = ((y < bottom) & (x < right))[:, None] & inside
            total += tl.load(row + c[None, :], mask=is_token, other=0).to(tl.float32)
    if MEAN:
        size = tl.maximum((bottom - top) * (right - left), 1)  # 0 beyond the last window
        total = tl.div_rn(total, size.to(tl.float32)[:, None])
    tl.store(out + m.to(tl.int64)[:, None] * C + c[None, :], total, mask=inside)


@triton.jit
def _unpool(
    pooled,
    out,
    h,
    w,
    ph,
    pw,
    C,
    scale_y,
    scale_x,
    SY: tl.constexpr,
    SX: tl.constexpr,
    NEAREST: tl.constexpr,
    MEAN: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_C: tl.constexpr,
    LOADS: tl.constexpr,
):
    """One program: a block of channels of a block of tokens."""
    n = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = tl.program_id(2).to(tl.int64)
    pooled += image * ph * pw * C
    out += image * h * w * C
    inside = (n < h * w)[:, None] & (c < C)[None, :]
    y = _window_of(n // w, ph, scale_y, SY, NEAREST)
    x = _window_of(n % w, pw, scale_x, SX, NEAREST)
    row = pooled + (y * pw + x).to(tl.int64)[:, None] * C
    value = tl.load(row + c[None, :], mask=inside, other=0)
    if MEAN:  # and thus not NEAREST
        size = tl.minimum(h - y * SY, SY) * tl.minimum(w - x * SX, SX)
        size = tl.maximum(size, 1)  # less beyond the last token
        value = tl.div_rn(value.to(tl.float32), size.to(tl.float32)[:, None])
    tl.store(out + n.to(tl.int64)[:, None] * C + c[None, :], value, mask=inside)
