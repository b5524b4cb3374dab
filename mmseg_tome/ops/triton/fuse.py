"""Sum of maps, resized bilinearly to the first one's size, with the norm and ReLU that follow."""

from collections.abc import Sequence

import triton
import triton.language as tl
from torch import Tensor

from .op import block_of, kernel_dtype, kernel_op

# A program walks down a row tile of the first map. Of every other map it keeps the two rows that
# it is between, already as wide as the first one's, in registers: blocks of columns (half as many
# in fp32, so that a thread reads 16 bytes) and channels, and rows of a tile.
_BLOCK_X, _BLOCK_C, _TILE = 8, 128, 16
_SIZES = ['H', 'W', 'h1', 'w1', 'h2', 'w2', 'h3', 'w3']


@kernel_op('add_levels')
def add_levels(
    first: Tensor,
    others: Sequence[Tensor],
    align_corners: bool,
    bias: Tensor | None,
    norm: Sequence[Tensor],
    eps: float,
    relu: bool,
) -> Tensor:
    """Resize ``others``, up to three maps ``[B, h_i, w_i, C]``, and add them to ``first``.

    ``bias`` ``[C]`` is added to the sum. ``norm`` holds the mean and the variance of every channel,
    and their weight and bias if they have any, or nothing where there is no norm.
    """
    _check_shapes(first, others, bias, norm)
    b, h, w, c = first.shape
    block_x, block_c = _BLOCK_X * 2 // first.element_size(), block_of(c, _BLOCK_C)
    out = first.new_empty(first.shape, dtype=kernel_dtype(first.dtype))
    maps = [first, *others]
    maps = [each.contiguous() for each in maps + [first] * (4 - len(maps))]
    of_channels = [first if bias is None else bias.contiguous()]
    of_channels += [x.contiguous() for x in norm] + [first] * (4 - len(norm))
    sizes = [size for each in maps for size in each.shape[1:3]]
    tiles = triton.cdiv(h, _TILE) * triton.cdiv(w, block_x)
    _add_levels[(tiles, triton.cdiv(c, block_c), b)](
        *maps,
        *of_channels,
        out,
        *sizes,
        c,
        eps,
        COUNT=len(others),
        ALIGN=align_corners,
        BIAS=bias is not None,
        NORM=len(norm) > 0,
        AFFINE=len(norm) > 2,
        RELU=relu,
        BLOCK_X=block_x,
        BLOCK_C=block_c,
        TILE=_TILE,
        num_warps=4,
    )
    return out.to(first.dtype)


def _check_shapes(
    first: Tensor, others: Sequence[Tensor], bias: Tensor | None, norm: Sequence[Tensor]
) -> None:
    """A kernel would read beyond a tensor's end where PyTorch raises."""
    b, _, _, c = first.shape
    fit = all(x.shape[::3] == (b, c) and x.numel() > 0 for x in others) and len(others) <= 3
    of_channels = [*norm] if bias is None else [bias, *norm]
    if not fit or len(norm) not in (0, 2, 4) or any(x.shape != (c,) for x in of_channels):
        shapes = [tuple(x.shape) for x in (first, *others)]
        raise ValueError(
            f'maps of shapes {shapes} with vectors of shapes '
            f'{[tuple(x.shape) for x in of_channels]} cannot be added: give up to 4 maps '
            f'({b}, h_i, w_i, {c}), and a bias and 0, 2 or 4 vectors of a norm, all ({c},)'
        )


@add_levels.register_fake
def _(first, others, align_corners, bias, norm, eps, relu):
    return first.new_empty(first.shape)


@triton.jit
def _source(i, size, out_size, ALIGN: tl.constexpr):
    """Neighbors of place ``i`` in a map of ``size``, and the second one's weight, as in PyTorch."""
    if ALIGN:
        steps = tl.maximum(out_size - 1, 1).to(tl.float32)
        at = i * tl.div_rn((size - 1).to(tl.float32), steps)
    else:
        scale = tl.div_rn(size.to(tl.float32), out_size.to(tl.float32))
        at = tl.maximum((i + 0.5) * scale - 0.5, 0.0)
    low = tl.minimum(at.to(tl.int32), size - 1)
    return low, tl.minimum(low + 1, size - 1), at - low.to(tl.float32)


@triton.jit
def _columns(x, c, w, W, C, ALIGN: tl.constexpr):
    """Where columns ``x`` of the first map lie in a row of another: two places, and a weight."""
    left, right, weight = _source(tl.minimum(x, W - 1), w, W, ALIGN)
    return left[:, None] * C + c[None, :], right[:, None] * C + c[None, :], weight[:, None]


@triton.jit
def _wide_row(rows, y, w, C, columns, inside):
    """Row ``y`` of a map at the columns of the first one."""
    left, right, weight = columns
    row = rows + (y * w).to(tl.int64) * C
    at_left = tl.load(row + left, mask=inside, other=0).to(tl.float32)
    at_right = tl.load(row + right, mask=inside, other=0).to(tl.float32)
    return (1 - weight) * at_left + weight * at_right


@triton.jit
def _step(known, rows, low, high, w, C, columns, inside):
    """Rows ``low`` and ``high`` of a map, where ``known`` are an earlier ``low`` and its rows."""
    last, above, below = known
    if low != last:
        if low != last + 1:
            below = _wide_row(rows, low, w, C, columns, inside)
        above = below
        below = _wide_row(rows, high, w, C, columns, inside)
    return low, above, below


@triton.jit(do_not_specialize=_SIZES)
def _add_levels(
    first,
    level1,
    level2,
    level3,
    bias,
    mean,
    variance,
    norm_weight,
    norm_bias,
    out,
    H,
    W,
    h1,
    w1,
    h2,
    w2,
    h3,
    w3,
    C,
    eps,
    COUNT: tl.constexpr,
    ALIGN: tl.constexpr,
    BIAS: tl.constexpr,
    NORM: tl.constexpr,
    AFFINE: tl.constexpr,
    RELU: tl.constexpr,
    BLOCK_X: tl.constexpr,
    BLOCK_C: tl.constexpr,
    TILE: tl.constexpr,
):
    """One program: a block of columns and channels of a row tile."""
    blocks = tl.cdiv(W, BLOCK_X)
    top = (tl.program_id(0) // blocks) * TILE
    bottom = tl.minimum(top + TILE, H)
    x = (tl.program_id(0) % blocks) * BLOCK_X + tl.arange(0, BLOCK_X)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = tl.program_id(2).to(tl.int64) * C
    first += image * H * W
    out += image * H * W
    level1 += image * h1 * w1
    level2 += image * h2 * w2
    level3 += image * h3 * w3

    # Value v becomes v * scale + shift.
    scale = tl.full([BLOCK_C], 1, tl.float32)
    shift = tl.zeros([BLOCK_C], tl.float32)
    if BIAS:
        shift += tl.load(bias + c, mask=c < C, other=0).to(tl.float32)
    if NORM:
        spread = tl.load(variance + c, mask=c < C, other=1).to(tl.float32)
        scale = tl.div_rn(scale, tl.sqrt_rn(spread + eps))
        shift -= tl.load(mean + c, mask=c < C, other=0).to(tl.float32)
    if AFFINE:
        scale *= tl.load(norm_weight + c, mask=c < C, other=0).to(tl.float32)
    shift *= scale
    if AFFINE:
        shift += tl.load(norm_bias + c, mask=c < C, other=0).to(tl.float32)

    inside = (x < W)[:, None] & (c < C)[None, :]
    place = x[:, None] * C + c[None, :]
    columns1 = _columns(x, c, w1, W, C, ALIGN)
    columns2 = _columns(x, c, w2, W, C, ALIGN)
    columns3 = _columns(x, c, w3, W, C, ALIGN)
    above1 = tl.zeros([BLOCK_X, BLOCK_C], tl.float32)
    above2, above3 = above1, above1
    below1, below2, below3 = above1, above1, above1
    last1 = tl.full([], -2, tl.int32)
    last2, last3 = last1, last1
    # A row is asked for one step before it is needed.
    following = tl.load(first + (top * W).to(tl.int64) * C + place, mask=inside, other=0)
    for y in range(top, bottom):
        value = following.to(tl.float32)
        row = ((y + 1) * W).to(tl.int64) * C
        following = tl.load(first + row + place, mask=inside & (y + 1 < bottom), other=0)
        if COUNT >= 1:
            low, high, share = _source(y, h1, H, ALIGN)
            last1, above1, below1 = _step(
                (last1, above1, below1), level1, low, high, w1, C, columns1, inside
            )
            value += (1 - share) * above1
            value += share * below1
        if COUNT >= 2:
            low, high, share = _source(y, h2, H, ALIGN)
            last2, above2, below2 = _step(
                (last2, above2, below2), level2, low, high, w2, C, columns2, inside
            )
            value += (1 - share) * above2
            value += share * below2
        if COUNT >= 3:
            low, high, share = _source(y, h3, H, ALIGN)
            last3, above3, below3 = _step(
                (last3, above3, below3), level3, low, high, w3, C, columns3, inside
            )
            value += (1 - share) * above3
            value += share * below3
        value = value * scale[None, :] + shift[None, :]
        if RELU:
            value = tl.where(value < 0, 0.0, value)  # keeps NaN, as PyTorch does
        tl.store(out + (y * W).to(tl.int64) * C + place, value, mask=inside)
