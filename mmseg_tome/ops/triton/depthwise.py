"""Depth-wise 3x3 convolution with bias and GELU on token-major maps."""

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from ..depthwise import depthwise_conv
from ..twice import gradients_of_plain
from .op import block_of, kernel_dtype, kernel_op

# A program walks down a row tile of the map and keeps the rows that it still needs in registers:
# blocks of columns and channels, and rows of a tile.
_BLOCK_X, _BLOCK_C, _TILE = 4, 128, 32
# The backward pass keeps 27 blocks at a time (the neighbors, the weights, and their gradients).
_BACKWARD_BLOCK_X, _BACKWARD_BLOCK_C, _BACKWARD_TILE = 8, 32, 32
_SQRT_HALF = tl.constexpr(0.7071067811865476)
_INV_SQRT_2PI = tl.constexpr(0.3989422804014327)


@kernel_op('depthwise_gelu')
def depthwise_gelu(hidden: Tensor, h: int, w: int, weight: Tensor, bias: Tensor) -> Tensor:
    """See :func:`mmseg_tome.ops.depthwise_gelu`."""
    _check_shapes(hidden, h, w, weight, bias)
    return _convolve_map(hidden, h, w, weight, bias, hidden.dtype, flip=False)


@kernel_op('depthwise_gelu_backward')
def depthwise_gelu_backward(
    grad: Tensor, hidden: Tensor, h: int, w: int, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of the hidden map and, ``[10, C]`` in fp32, of nine taps and the bias.

    What GELU was applied to is computed again.
    """
    (b, n, c), dtype = hidden.shape, hidden.dtype
    block_c = block_of(c, _BACKWARD_BLOCK_C)
    tiles = triton.cdiv(h, _BACKWARD_TILE) * triton.cdiv(w, _BACKWARD_BLOCK_X)
    grad_conv = hidden.new_empty(b, n, c, dtype=kernel_dtype(dtype))
    # Sums of every tile, added up afterwards: a fixed order, unlike atomic additions.
    sums = hidden.new_empty(b * tiles, 10, c, dtype=torch.float32)
    _backward[(tiles, triton.cdiv(c, block_c), b)](
        grad.contiguous(),
        hidden.contiguous(),
        weight.contiguous(),
        bias.contiguous(),
        grad_conv,
        sums,
        h,
        w,
        c,
        HALF=dtype.itemsize == 2,
        BLOCK_X=_BACKWARD_BLOCK_X,
        BLOCK_C=block_c,
        TILE=_BACKWARD_TILE,
        num_warps=4,
    )
    grad_hidden = _convolve_map(grad_conv, h, w, weight, None, dtype, flip=True)
    return grad_hidden.to(dtype), sums.sum(0)


def _convolve_map(
    rows: Tensor,
    h: int,
    w: int,
    weight: Tensor,
    bias: Tensor | None,
    dtype: torch.dtype,
    flip: bool,
) -> Tensor:
    """Convolve; with a bias, add it and apply GELU, and with ``flip``, turn the kernel around.

    Rounded to ``dtype`` by the caller, if not here.
    """
    b, n, c = rows.shape
    out = rows.new_empty(b, n, c, dtype=kernel_dtype(rows.dtype))
    block_c = block_of(c, _BLOCK_C)
    tiles = triton.cdiv(h, _TILE) * triton.cdiv(w, _BLOCK_X)
    _convolve[(tiles, triton.cdiv(c, block_c), b)](
        rows.contiguous(),
        weight.contiguous(),
        weight if bias is None else bias.contiguous(),
        out,
        h,
        w,
        c,
        GELU=bias is not None,
        FLIP=flip,
        HALF=dtype.itemsize == 2,
        BLOCK_X=_BLOCK_X,
        BLOCK_C=block_c,
        TILE=_TILE,
        num_warps=4,
    )
    return out.to(rows.dtype)


def _check_shapes(hidden: Tensor, h: int, w: int, weight: Tensor, bias: Tensor) -> None:
    """A kernel would read beyond a tensor's end where PyTorch raises."""
    _, n, c = hidden.shape
    if n != h * w or weight.shape != (c, 1, 3, 3) or bias.shape != (c,):
        raise ValueError(
            f'hidden {tuple(hidden.shape)}, hw ({h}, {w}), weight {tuple(weight.shape)} and bias '
            f'{tuple(bias.shape)} do not match: give [B, h * w, C], [C, 1, 3, 3] and [C]'
        )


@depthwise_gelu.register_fake
def _(hidden, h, w, weight, bias):
    return hidden.new_empty(hidden.shape)


@depthwise_gelu_backward.register_fake
def _(grad, hidden, h, w, weight, bias):
    sums = hidden.new_empty((10, hidden.shape[2]), dtype=torch.float32)
    return hidden.new_empty(hidden.shape), sums


def _save(ctx, inputs, output) -> None:
    hidden, ctx.h, ctx.w, weight, bias = inputs
    ctx.save_for_backward(hidden, weight, bias)


def _gradients(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
    if torch.is_grad_enabled():

        def plain(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
            return F.gelu(depthwise_conv(hidden, (ctx.h, ctx.w), weight, bias))

        grad_hidden, *rest = gradients_of_plain(plain, ctx.saved_tensors, grad)
        return grad_hidden, None, None, *rest
    hidden, weight, bias = ctx.saved_tensors
    grad_hidden, sums = depthwise_gelu_backward(grad, hidden, ctx.h, ctx.w, weight, bias)
    grad_weight = sums[:9].t().reshape(weight.shape).to(weight.dtype)
    return grad_hidden, None, None, grad_weight, sums[9].to(bias.dtype)


depthwise_gelu.register_autograd(_gradients, setup_context=_save)


@triton.jit
def normal_cdf(x, HALF: tl.constexpr):
    """The distribution function of the normal distribution, by which GELU multiplies.

    For values that end in 16 bits a polynomial of the tail's logarithm is exact enough, to 4e-6 of
    the tail, in a third of the instructions of an error function.
    """
    if HALF:
        size = tl.abs(x)
        power = 6.15982910e-5 - 1.83481153e-6 * size
        power = power * size - 9.30524779e-4
        power = power * size + 8.50789041e-3
        power = power * size - 5.39600674e-2
        power = power * size - 4.58464396e-1
        power = power * size - 1.15125104
        power = power * size - 9.99995295e-1
        tail = tl.exp2(power)
        return tl.where(x < 0, tail, 1 - tail)
    return 0.5 * (1 + tl.erf(x * _SQRT_HALF))


@triton.jit
def _row(rows, y, x, c, h, w, C):
    """Row ``y`` of a map at columns ``x`` and channels ``c`` in fp32, zero outside of the map."""
    inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
    at = rows + (y * w + x).to(tl.int64)[:, None] * C + c[None, :]
    return tl.load(at, mask=inside[:, None] & (c < C)[None, :], other=0).to(tl.float32)


@triton.jit
def _tap(weight, c, C, k: tl.constexpr, FLIP: tl.constexpr):
    """Tap ``k`` of the kernels of channels ``c``, which lie in ``[C, 9]``."""
    at = weight + c * 9 + (8 - k if FLIP else k)
    return tl.load(at, mask=c < C, other=0).to(tl.float32)[None, :]


@triton.jit
def _place(h, w, TILE: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_C: tl.constexpr):
    """Where this program works: first row, row after the last, columns, and channels."""
    blocks = tl.cdiv(w, BLOCK_X)
    top = (tl.program_id(0) // blocks) * TILE
    x = (tl.program_id(0) % blocks) * BLOCK_X + tl.arange(0, BLOCK_X)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    return top, tl.minimum(top + TILE, h), x, c


@triton.jit
def _convolve(
    rows,
    weight,
    bias,
    out,
    h,
    w,
    C,
    GELU: tl.constexpr,
    FLIP: tl.constexpr,
    HALF: tl.constexpr,
    BLOCK_X: tl.constexpr,
    BLOCK_C: tl.constexpr,
    TILE: tl.constexpr,
):
    """One program: a row tile. Each row is read once, for itself and both rows beside it."""
    top, bottom, x, c = _place(h, w, TILE, BLOCK_X, BLOCK_C)
    image = tl.program_id(2).to(tl.int64) * h * w * C
    rows += image
    out += image
    inside = (x < w)[:, None] & (c < C)[None, :]
    w0, w1, w2 = (
        _tap(weight, c, C, 0, FLIP),
        _tap(weight, c, C, 1, FLIP),
        _tap(weight, c, C, 2, FLIP),
    )
    w3, w4, w5 = (
        _tap(weight, c, C, 3, FLIP),
        _tap(weight, c, C, 4, FLIP),
        _tap(weight, c, C, 5, FLIP),
    )
    w6, w7, w8 = (
        _tap(weight, c, C, 6, FLIP),
        _tap(weight, c, C, 7, FLIP),
        _tap(weight, c, C, 8, FLIP),
    )
    if GELU:
        start = tl.load(bias + c, mask=c < C, other=0).to(tl.float32)[None, :]
    else:
        start = tl.zeros([1, BLOCK_C], tl.float32)
    above = tl.zeros([BLOCK_X, BLOCK_C], tl.float32) + start
    here = above
    for y in range(top - 1, bottom + 1):
        left = _row(rows, y, x - 1, c, h, w, C)
        center = _row(rows, y, x, c, h, w, C)
        right = _row(rows, y, x + 1, c, h, w, C)
        # This row is the last that the row above was waiting for.
        value = above + left * w6 + center * w7 + right * w8
        above = here + left * w3 + center * w4 + right * w5
        here = start + left * w0 + center * w1 + right * w2
        if GELU:
            value *= normal_cdf(value, HALF)
        at = out + ((y - 1) * w + x).to(tl.int64)[:, None] * C + c[None, :]
        tl.store(at, value, mask=inside & (y > top))


@triton.jit
def _backward(
    grad,
    rows,
    weight,
    bias,
    grad_conv,
    sums,
    h,
    w,
    C,
    HALF: tl.constexpr,
    BLOCK_X: tl.constexpr,
    BLOCK_C: tl.constexpr,
    TILE: tl.constexpr,
):
    """One program: the gradient before GELU in a row tile, and the tile's share of the weights'."""
    top, bottom, x, c = _place(h, w, TILE, BLOCK_X, BLOCK_C)
    image = tl.program_id(2).to(tl.int64)
    tile = image * tl.num_programs(0) + tl.program_id(0)
    rows += image * h * w * C
    grad += image * h * w * C
    grad_conv += image * h * w * C
    inside = (x < w)[:, None] & (c < C)[None, :]
    b = tl.load(bias + c, mask=c < C, other=0).to(tl.float32)[None, :]
    w0, w1, w2 = (
        _tap(weight, c, C, 0, False),
        _tap(weight, c, C, 1, False),
        _tap(weight, c, C, 2, False),
    )
    w3, w4, w5 = (
        _tap(weight, c, C, 3, False),
        _tap(weight, c, C, 4, False),
        _tap(weight, c, C, 5, False),
    )
    w6, w7, w8 = (
        _tap(weight, c, C, 6, False),
        _tap(weight, c, C, 7, False),
        _tap(weight, c, C, 8, False),
    )
    g0 = tl.zeros([BLOCK_X, BLOCK_C], tl.float32)
    g1, g2, g3, g4, g5, g6, g7, g8, g_bias = g0, g0, g0, g0, g0, g0, g0, g0, g0
    x0 = _row(rows, top - 1, x - 1, c, h, w, C)
    x1 = _row(rows, top - 1, x, c, h, w, C)
    x2 = _row(rows, top - 1, x + 1, c, h, w, C)
    x3 = _row(rows, top, x - 1, c, h, w, C)
    x4 = _row(rows, top, x, c, h, w, C)
    x5 = _row(rows, top, x + 1, c, h, w, C)
    for y in range(top, bottom):
        x6 = _row(rows, y + 1, x - 1, c, h, w, C)
        x7 = _row(rows, y + 1, x, c, h, w, C)
        x8 = _row(rows, y + 1, x + 1, c, h, w, C)
        z = b + x0 * w0 + x1 * w1 + x2 * w2 + x3 * w3 + x4 * w4 + x5 * w5
        z += x6 * w6 + x7 * w7 + x8 * w8
        slope = normal_cdf(z, HALF) + z * _INV_SQRT_2PI * tl.exp(-0.5 * z * z)
        # Columns beyond the map read a gradient of zero, and add nothing to the sums.
        g = slope * _row(grad, y, x, c, h, w, C)
        at = grad_conv + (y * w + x).to(tl.int64)[:, None] * C + c[None, :]
        tl.store(at, g, mask=inside)
        g0 += x0 * g
        g1 += x1 * g
        g2 += x2 * g
        g3 += x3 * g
        g4 += x4 * g
        g5 += x5 * g
        g6 += x6 * g
        g7 += x7 * g
        g8 += x8 * g
        g_bias += g
        x0, x1, x2, x3, x4, x5 = x3, x4, x5, x6, x7, x8
    sums += tile * 10 * C + c
    tl.store(sums, tl.sum(g0, 0), mask=c < C)
    tl.store(sums + C, tl.sum(g1, 0), mask=c < C)
    tl.store(sums + 2 * C, tl.sum(g2, 0), mask=c < C)
    tl.store(sums + 3 * C, tl.sum(g3, 0), mask=c < C)
    tl.store(sums + 4 * C, tl.sum(g4, 0), mask=c < C)
    tl.store(sums + 5 * C, tl.sum(g5, 0), mask=c < C)
    tl.store(sums + 6 * C, tl.sum(g6, 0), mask=c < C)
    tl.store(sums + 7 * C, tl.sum(g7, 0), mask=c < C)
    tl.store(sums + 8 * C, tl.sum(g8, 0), mask=c < C)
    tl.store(sums + 9 * C, tl.sum(g_bias, 0), mask=c < C)
