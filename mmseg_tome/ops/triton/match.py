"""Cosine similarity with a running arg-max: the matrix of scores is never written."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from .op import block_of, kernel_dtype, kernel_op

# As in torch.nn.functional.normalize.
_EPSILON = tl.constexpr(1e-12)
# How fp32 tokens are multiplied; 'tf32x3' would use tensor cores and be nearly as exact.
FP32_PRECISION = 'ieee'
# By bytes per channel: largest blocks of sources, destinations and channels.
_BLOCKS = {2: (128, 128, 64), 4: (64, 64, 32)}


@kernel_op('best_match')
def best_match(tokens: Tensor, src_index: Tensor, dst_index: Tensor) -> tuple[Tensor, Tensor]:
    """See :func:`mmseg_tome.ops.best_match`."""
    (b, n, c), a, d = tokens.shape, src_index.numel(), dst_index.numel()
    tokens = tokens.contiguous().to(kernel_dtype(tokens.dtype))
    inverse_norm = tokens.new_empty(b, n, dtype=torch.float32)
    blocks = _BLOCKS[tokens.element_size()]
    block_a, block_d, block_c = map(block_of, (a, d, c), blocks)
    _inverse_norms[(triton.cdiv(b * n, 32),)](
        tokens, inverse_norm, b * n, c, BLOCK_ROWS=32, BLOCK_C=block_c, num_warps=4
    )
    score = tokens.new_empty(b, a, dtype=torch.float32)
    match = src_index.new_empty(b, a)
    _best_match[(triton.cdiv(a, block_a), b)](
        tokens,
        inverse_norm,
        src_index,
        dst_index,
        score,
        match,
        n,
        a,
        d,
        c,
        PRECISION=FP32_PRECISION,
        BLOCK_A=block_a,
        BLOCK_D=block_d,
        BLOCK_C=block_c,
        num_warps=4,
        num_stages=3,
    )
    return score, match


@best_match.register_fake
def _(tokens, src_index, dst_index):
    shape = tokens.shape[0], src_index.shape[0]
    return tokens.new_empty(shape, dtype=torch.float32), src_index.new_empty(shape)


@triton.jit
def _inverse_norms(
    tokens, inverse_norm, num_rows, C, BLOCK_ROWS: tl.constexpr, BLOCK_C: tl.constexpr
):
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    tokens += row.to(tl.int64)[:, None] * C
    squares = tl.zeros([BLOCK_ROWS, BLOCK_C], tl.float32)
    for first in range(0, C, BLOCK_C):
        c = first + tl.arange(0, BLOCK_C)[None, :]
        x = tl.load(tokens + c, mask=(row[:, None] < num_rows) & (c < C), other=0).to(tl.float32)
        squares += x * x
    tl.store(inverse_norm + row, inverse_root(tl.sum(squares, 1)), mask=row < num_rows)


@triton.jit
def inverse_root(squares):
    """From sums of squares to what their vectors are multiplied by to be of norm 1."""
    return tl.div_rn(1.0, tl.maximum(tl.sqrt_rn(squares), _EPSILON))


@triton.jit
def _best_match(
    tokens,
    inverse_norm,
    src_index,
    dst_index,
    score,
    match,
    N,
    A,
    D,
    C,
    PRECISION: tl.constexpr,
    BLOCK_A: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One program: a block of sources against all destinations, block after block."""
    image = tl.program_id(1).to(tl.int64)
    tokens += image * N * C
    inverse_norm += image * N
    a = tl.program_id(0) * BLOCK_A + tl.arange(0, BLOCK_A)
    # Rows beyond the last read token 0, and are not stored.
    src = tl.load(src_index + a, mask=a < A, other=0)
    best = tl.full([BLOCK_A], float('-inf'), tl.float32)
    best_d = tl.zeros([BLOCK_A], tl.int32)
    for first_d in range(0, D, BLOCK_D):
        d = first_d + tl.arange(0, BLOCK_D)
        dst = tl.load(dst_index + d, mask=d < D, other=0)
        similarity = tl.zeros([BLOCK_A, BLOCK_D], tl.float32)
        for first_c in range(0, C, BLOCK_C):
            c = first_c + tl.arange(0, BLOCK_C)
            x = tl.load(tokens + src[:, None] * C + c[None, :], mask=c[None, :] < C, other=0)
            y = tl.load(tokens + dst[None, :] * C + c[:, None], mask=c[:, None] < C, other=0)
            similarity = tl.dot(x, y, similarity, input_precision=PRECISION)
        # The source's own norm scales all of its similarities alike, and can wait.
        similarity *= tl.load(inverse_norm + dst)[None, :]
        similarity = tl.where(d[None, :] < D, similarity, float('-inf'))
        block_best, block_d = tl.max(similarity, 1, return_indices=True)
        # Of equal scores the first wins. Not a number never wins, so that indices stay in range.
        better = block_best > best
        best = tl.where(better, block_best, best)
        best_d = tl.where(better, first_d + block_d, best_d)
    best *= tl.load(inverse_norm + src)
    tl.store(score + image * A + a, best, mask=a < A)
    tl.store(match + image * A + a, best_d, mask=a < A)
