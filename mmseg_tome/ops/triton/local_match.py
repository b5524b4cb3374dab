"""Cosine similarity with the destinations nearby, and the arg-max over them.

Tokens of cells side by side look at nearly the same destinations. So a program multiplies all of
its tokens by all destinations near any of them, on tensor cores, and leaves out what a token does
not see: it reads tokens about once, and has the norms at no further cost.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from . import match as global_match
from .match import inverse_root
from .op import block_of, kernel_dtype, kernel_op

# By bytes per channel: largest blocks of tokens, destinations and channels.
_BLOCKS = {2: (64, 64, 64), 4: (64, 64, 32)}


@kernel_op('best_local_match')
def best_local_match(
    tokens: Tensor, src_index: Tensor, h: int, w: int, sy: int, sx: int, window: int
) -> tuple[Tensor, Tensor]:
    """See :func:`mmseg_tome.ops.best_local_match`."""
    b, n, c = tokens.shape
    if n != h * w:
        raise ValueError(f'{n} tokens are no map of {h}x{w}')
    tokens = tokens.contiguous().to(kernel_dtype(tokens.dtype))
    # Of every token, destinations too; the sources are picked afterwards.
    score = tokens.new_empty(b, n, dtype=torch.float32)
    match = src_index.new_empty(b, n)
    block_n, block_d, block_c = _BLOCKS[tokens.element_size()]
    # Cells side by side that fill a block; a cell larger than that takes several.
    all_y, all_x = triton.cdiv(h, sy), triton.cdiv(w, sx)
    cells = min(max(block_n // (sy * sx), 1), all_x)
    tiles = triton.cdiv(cells * sy * sx, block_n)
    reach = min(window // 2, max(all_y, all_x))
    _best_local_match[(triton.cdiv(all_x, cells) * tiles, all_y, b)](
        tokens,
        score,
        match,
        h,
        w,
        c,
        SY=sy,
        SX=sx,
        REACH=reach,
        CELLS=cells,
        TILES=tiles,
        PRECISION=global_match.FP32_PRECISION,
        BLOCK_N=block_of(cells * sy * sx, block_n),
        BLOCK_D=block_of((2 * reach + 1) * (cells + 2 * reach), block_d),
        BLOCK_C=block_of(c, block_c),
        num_warps=4,
        num_stages=3,
    )
    return score.index_select(1, src_index), match.index_select(1, src_index)


@best_local_match.register_fake
def _(tokens, src_index, h, w, sy, sx, window):
    shape = tokens.shape[0], src_index.shape[0]
    return tokens.new_empty(shape, dtype=torch.float32), src_index.new_empty(shape)


@triton.jit
def _best_local_match(
    tokens,
    score,
    match,
    H,
    W,
    C,
    SY: tl.constexpr,
    SX: tl.constexpr,
    REACH: tl.constexpr,
    CELLS: tl.constexpr,
    TILES: tl.constexpr,
    PRECISION: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One program: a block of the tokens of ``CELLS`` cells side by side."""
    image = tl.program_id(2).to(tl.int64)
    tokens += image * H * W * C
    score += image * H * W
    match += image * H * W

    rows, columns = H // SY, W // SX  # of whole cells
    cell_y, cell_x = tl.program_id(1), tl.program_id(0) // TILES * CELLS
    i = tl.program_id(0) % TILES * BLOCK_N + tl.arange(0, BLOCK_N)
    y, x = cell_y * SY + i // (CELLS * SX), cell_x * SX + i % (CELLS * SX)
    is_token = (i < SY * CELLS * SX) & (y < H) & (x < W)
    # Places beyond read token 0, and are not stored.
    n = tl.where(is_token, y * W + x, 0).to(tl.int64)

    # Tokens beyond the last whole cell look around from that one.
    own_y, own_x = tl.minimum(cell_y, rows - 1), tl.minimum(x // SX, columns - 1)
    first_y, last_y = tl.maximum(own_y - REACH, 0), tl.minimum(own_y + REACH, rows - 1)
    first_x = tl.maximum(tl.minimum(cell_x, columns - 1) - REACH, 0)
    last_x = tl.minimum(cell_x + CELLS - 1 + REACH, columns - 1)
    across = last_x - first_x + 1
    D = (last_y - first_y + 1) * across

    best = tl.full([BLOCK_N], float('-inf'), tl.float32)
    best_d = tl.zeros([BLOCK_N], tl.int32)
    own_squares = tl.zeros([BLOCK_N], tl.float32)
    for first_d in range(0, D, BLOCK_D):
        d = first_d + tl.arange(0, BLOCK_D)
        near_y, near_x = first_y + d // across, first_x + d % across
        dst = tl.where(d < D, near_y * SY * W + near_x * SX, 0).to(tl.int64)
        similarity = tl.zeros([BLOCK_N, BLOCK_D], tl.float32)
        own_squares = tl.zeros([BLOCK_N], tl.float32)
        near_squares = tl.zeros([BLOCK_D], tl.float32)
        for first_c in range(0, C, BLOCK_C):
            c = first_c + tl.arange(0, BLOCK_C)
            own = tl.load(tokens + n[:, None] * C + c[None, :], mask=c[None, :] < C, other=0)
            near = tl.load(tokens + dst[None, :] * C + c[:, None], mask=c[:, None] < C, other=0)
            similarity = tl.dot(own, near, similarity, input_precision=PRECISION)
            own, near = own.to(tl.float32), near.to(tl.float32)
            own_squares += tl.sum(own * own, 1)
            near_squares += tl.sum(near * near, 0)
        # The token's own norm scales all of its similarities alike, and can wait.
        similarity *= inverse_root(near_squares)[None, :]
        distance = tl.abs(near_x[None, :] - own_x[:, None])
        similarity = tl.where((d < D)[None, :] & (distance <= REACH), similarity, float('-inf'))
        block_best, block_d = tl.max(similarity, 1, return_indices=True)
        # Of equal scores the first wins. Not a number never wins, so that indices stay in range.
        better = block_best > best
        best = tl.where(better, block_best, best)
        best_d = tl.where(better, first_d + block_d, best_d)
    best *= inverse_root(own_squares)
    best_y, best_x = first_y + best_d // across, first_x + best_d % across
    tl.store(score + n, best, mask=is_token)
    tl.store(match + n, best_y * columns + best_x, mask=is_token)
