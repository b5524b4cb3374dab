"""Exact ways to weight keys on a GPU by PyTorch alone, beside which the kernel is measured.

Each computes ``softmax(q @ k.T / sqrt(d) + key_bias) @ v`` without dropout, as
:func:`mmseg_tome.ops.scaled_dot_product_attention` does. Without its kernel, that one hands the
bias to PyTorch as a mask, which on CUDA rules out the flash backend, and rounds the bias to the
dtype of the queries. These two do neither.
"""

import functools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention.flex_attention import flex_attention

# Flash attention takes heads of a multiple of so many channels.
_MULTIPLE = 8


def by_extra_channels(q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor) -> Tensor:
    """Let the product of queries and keys add the bias, in channels of its own.

    Keys get the bias in two parts, since one in bf16 would round it to 8 bits, and queries get
    ones. All are filled up with zeros to the multiple that flash attention takes.

    Args:
        q: Queries, ``[B, heads, N, d]``.
        k: Keys, ``[B, heads, M, d]``.
        v: Values, ``[B, heads, M, d]``.
        key_bias: What is added to the logits of every key, ``[B, M]``, without gradient.

    Returns:
        ``[B, heads, N, d]``.
    """
    heads, d = q.shape[1], q.shape[-1]
    added = 2 + -(d + 2) % _MULTIPLE
    # The logits are divided by sqrt(d) after the product.
    bias = key_bias.to(torch.promote_types(key_bias.dtype, k.dtype)) * d**0.5
    high = bias.to(k.dtype)
    low = (bias - high).to(k.dtype)
    parts = F.pad(torch.stack([high, low], -1), (0, added - 2))
    k = torch.cat([k, parts[:, None].expand(-1, heads, -1, -1)], -1)
    q = F.pad(q, (0, added), value=1)
    v = F.pad(v, (0, added))
    return F.scaled_dot_product_attention(q, k, v, scale=d**-0.5)[..., :d]


def by_score_mod(q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor) -> Tensor:
    """Let FlexAttention add the bias to the scores, in a kernel that it writes for that.

    PyTorch has no gradient of it on CPUs.

    Args:
        q: Queries, ``[B, heads, N, d]``.
        k: Keys, ``[B, heads, M, d]``.
        v: Values, ``[B, heads, M, d]``.
        key_bias: What is added to the logits of every key, ``[B, M]``, without gradient.

    Returns:
        ``[B, heads, N, d]``.
    """

    def add_bias(score: Tensor, b: Tensor, h: Tensor, i: Tensor, j: Tensor) -> Tensor:
        return score + key_bias[b, j].to(score.dtype)

    attend = _compiled_flex_attention() if q.is_cuda else flex_attention
    return attend(q, k, v, score_mod=add_bias)


@functools.cache
def _compiled_flex_attention() -> Callable[..., Tensor]:
    return torch.compile(flex_attention, dynamic=False)
