"""Attention with a bias per key, in one pass over the keys.

No matrix of queries by keys is written. PyTorch takes such a bias as a mask, with which its fastest
kernels are half as fast, or cannot be used.
"""

import triton
import triton.language as tl
from torch import Tensor

from .op import block_of, kernel_dtype, kernel_op

# Blocks of queries and keys, and stages of loads: for many queries, and where the smaller blocks of
# few ones keep more multiprocessors busy.
_MANY, _FEW = (128, 64, 2), (64, 64, 3)
_LEAST_MANY = 2**16
_LOG2_E = tl.constexpr(1.4426950408889634)


@kernel_op('attend_weighted')
def attend_weighted(q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor) -> Tensor:
    """See :func:`mmseg_tome.ops.scaled_dot_product_attention`: without dropout, and no gradient.

    Heads lie beside channels in the memory of the result, so that tokens are a view of it.
    """
    (b, heads, n, d), m = q.shape, k.shape[2]
    if k.shape != (b, heads, m, d) or v.shape != k.shape or key_bias.shape != (b, m):
        shapes = [tuple(x.shape) for x in (q, k, v, key_bias)]
        raise ValueError(
            f'q, k, v and key_bias have shapes {shapes}: give [B, heads, N, d], twice '
            '[B, heads, M, d], and [B, M]'
        )
    dtype = q.dtype
    q, k, v = (_with_channels_together(x.to(kernel_dtype(dtype))) for x in (q, k, v))
    out = q.new_empty(b, n, heads, d).transpose(1, 2)
    block_n, block_m, num_stages = _MANY if b * heads * n >= _LEAST_MANY else _FEW
    block_n, block_m = block_of(n, block_n), block_of(m, block_m)
    _attend[(triton.cdiv(n, block_n), b * heads)](
        q,
        k,
        v,
        key_bias.contiguous(),
        out,
        *q.stride()[:3],
        *k.stride()[:3],
        *v.stride()[:3],
        *out.stride()[:3],
        heads,
        n,
        m,
        d**-0.5,
        D=d,
        BLOCK_N=block_n,
        BLOCK_M=block_m,
        BLOCK_D=max(triton.next_power_of_2(d), 16),
        num_warps=4,
        num_stages=num_stages,
    )
    return out.to(dtype)


def _with_channels_together(x: Tensor) -> Tensor:
    return x if x.stride(-1) == 1 else x.contiguous()


@attend_weighted.register_fake
def _(q, k, v, key_bias):
    b, heads, n, d = q.shape
    return q.new_empty(b, n, heads, d).transpose(1, 2)


@triton.jit
def _attend(
    q,
    k,
    v,
    key_bias,
    out,
    q_image,
    q_head,
    q_row,
    k_image,
    k_head,
    k_row,
    v_image,
    v_head,
    v_row,
    out_image,
    out_head,
    out_row,
    HEADS,
    N,
    M,
    scale,
    D: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    """One program: a block of queries of one head against all keys, block after block."""
    image, head = tl.program_id(1).to(tl.int64) // HEADS, tl.program_id(1).to(tl.int64) % HEADS
    n, c = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N), tl.arange(0, BLOCK_D)
    inside = (n < N)[:, None] & (c < D)[None, :]
    rows = n.to(tl.int64)[:, None]
    query = tl.load(
        q + image * q_image + head * q_head + rows * q_row + c[None, :], mask=inside, other=0
    )
    k += image * k_image + head * k_head
    v += image * v_image + head * v_head
    key_bias += image * M

    # The softmax of the keys so far, as powers of two: their largest logit, the sum of all powers,
    # and the sum of values by these.
    largest = tl.full([BLOCK_N], float('-inf'), tl.float32)
    total = tl.zeros([BLOCK_N], tl.float32)
    weighted = tl.zeros([BLOCK_N, BLOCK_D], tl.float32)
    for first in range(0, M, BLOCK_M):
        m = first + tl.arange(0, BLOCK_M)
        is_key = m < M
        key = tl.load(
            k + m[None, :] * k_row + c[:, None], mask=is_key[None, :] & (c < D)[:, None], other=0
        )
        bias = tl.load(key_bias + m, mask=is_key, other=float('-inf')).to(tl.float32)
        logit = tl.dot(query, key) * (scale * _LOG2_E) + (bias * _LOG2_E)[None, :]
        new_largest = tl.maximum(largest, tl.max(logit, 1))
        power, shrink = tl.exp2(logit - new_largest[:, None]), tl.exp2(largest - new_largest)
        value = tl.load(
            v + m[:, None] * v_row + c[None, :], mask=is_key[:, None] & (c < D)[None, :], other=0
        )
        weighted = tl.dot(power.to(value.dtype), value, weighted * shrink[:, None])
        total = total * shrink + tl.sum(power, 1)
        largest = new_largest
    tl.store(
        out + image * out_image + head * out_head + rows * out_row + c[None, :],
        weighted / total[:, None],
        mask=inside,
    )
