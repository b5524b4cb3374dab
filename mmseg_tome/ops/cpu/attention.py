"""Attention with its queries in chunks whose scores stay in cache.

PyTorch's own multiplies by MKL; here :func:`mmseg_tome.ops.linear` does. The backward pass computes
the attention weights again.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..matmul import linear, linear_weight_gradient
from ..twice import gradients_of_plain, plain_attention
from .row_tiles import times_cache

# The scores of as many queries as are worked on at once take about so many second-level caches:
# they should stay in cache while softmax passes over them, and be large enough a matrix product.
_CHUNK = 2.0


def chunked_attention(q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor | None = None) -> Tensor:
    """See :func:`mmseg_tome.ops.scaled_dot_product_attention`, without dropout."""
    out: Tensor = _ChunkedAttention.apply(q, k, v, key_bias)  # type: ignore[no-untyped-call]
    return out


class _ChunkedAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(q, k, v)
        ctx.key_bias = key_bias = None if key_bias is None else key_bias.to(q.dtype)
        b, heads, n, d = q.shape
        out = q.new_empty(b, n, heads, d).transpose(1, 2)
        for image, head, chunks in _heads(q, k):
            keys, values = _scaled(k[image, head]), v[image, head].t()
            for chunk in chunks:
                weights = _weights(q[image, head, chunk], keys, _of(image, key_bias))
                out[image, head, chunk] = linear(weights, values)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            attend = partial(plain_attention, key_bias=ctx.key_bias)
            return *gradients_of_plain(attend, ctx.saved_tensors, grad), None
        q, k, v = ctx.saved_tensors
        grad_q = torch.empty_like(q)
        grad_k, grad_v = torch.zeros_like(k), torch.zeros_like(v)
        for image, head, chunks in _heads(q, k):
            keys, values = _scaled(k[image, head]), v[image, head]
            for chunk in chunks:
                queries, own = q[image, head, chunk], grad[image, head, chunk].contiguous()
                weights = _weights(queries, keys, _of(image, ctx.key_bias))
                grad_v[image, head] += linear_weight_gradient(own, weights)
                grad_scores = torch.ops.aten._softmax_backward_data(
                    linear(own, values), weights, -1, weights.dtype
                )
                grad_q[image, head, chunk] = linear(grad_scores, keys.t())
                grad_k[image, head] += linear_weight_gradient(_scaled(queries), grad_scores)
        return grad_q, grad_k, grad_v, None


def _heads(q: Tensor, k: Tensor) -> Iterator[tuple[int, int, list[slice]]]:
    """Every image and head, with the queries in chunks."""
    rows = max(1, times_cache(_CHUNK) // (k.shape[2] * k.element_size()))
    chunks = [slice(start, start + rows) for start in range(0, q.shape[2], rows)]
    for image in range(q.shape[0]):
        for head in range(q.shape[1]):
            yield image, head, chunks


def _scaled(tokens: Tensor) -> Tensor:
    scale: float = tokens.shape[-1] ** -0.5
    return tokens * scale


def _of(image: int, key_bias: Tensor | None) -> Tensor | None:
    return None if key_bias is None else key_bias[image]


def _weights(queries: Tensor, keys: Tensor, key_bias: Tensor | None) -> Tensor:
    scores = linear(queries, keys, key_bias)
    torch.softmax(scores, -1, out=scores)
    return scores
