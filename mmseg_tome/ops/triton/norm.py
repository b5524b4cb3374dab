"""Normalization of each token by itself, with whole tokens in registers."""

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from ..twice import gradients_of_plain
from .op import INTERPRETED, block_of, kernel_dtype, kernel_op

# Values that a program keeps in registers. One warp has whole tokens, so that sums need no shared
# memory, and 64 values per thread are eight loads of 16 bytes in bf16 at a time.
_VALUES, _WARPS = 2048, 1


@kernel_op('layer_norm')
def layer_norm(
    tokens: Tensor, weight: Tensor, bias: Tensor, eps: float, dtype: torch.dtype, keep: bool
) -> tuple[Tensor, Tensor]:
    """Normalize tokens ``[..., C]``, of at most 1024 channels or so.

    Returns:
        What :func:`mmseg_tome.ops.layer_norm` does, in ``dtype``. For the backward pass, if
        ``keep``: mean and reciprocal standard deviation of every token, ``[2, rows, 1]`` in fp32.
    """
    c = tokens.shape[-1]
    if weight.shape != (c,) or bias.shape != (c,):
        # A kernel would read beyond their ends, where PyTorch raises.
        raise ValueError(
            f'tokens of {c} channels, weight {tuple(weight.shape)} and bias {tuple(bias.shape)} '
            'do not match: give [..., C], [C] and [C]'
        )
    rows = tokens.numel() // c
    out = tokens.new_empty(tokens.shape, dtype=kernel_dtype(dtype))
    statistics = tokens.new_empty((2, rows if keep else 0, 1), dtype=torch.float32)
    block_c = block_of(c, triton.next_power_of_2(c))
    block_rows = max(_VALUES // block_c, 1)
    _normalize[(triton.cdiv(rows, block_rows),)](
        tokens.contiguous(),
        weight.contiguous(),
        bias.contiguous(),
        out,
        statistics if keep else None,
        rows,
        eps,
        C=c,
        BLOCK_ROWS=block_rows,
        BLOCK_C=block_c,
        num_warps=_WARPS,
    )
    return out.to(dtype), statistics


@layer_norm.register_fake
def _(tokens, weight, bias, eps, dtype, keep):
    rows = tokens.numel() // tokens.shape[-1] if keep else 0
    statistics = tokens.new_empty((2, rows, 1), dtype=torch.float32)
    return tokens.new_empty(tokens.shape, dtype=dtype), statistics


def _save(ctx, inputs, output) -> None:
    tokens, weight, bias, ctx.eps, ctx.dtype, _ = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)  # no zeros for the statistics
    ctx.save_for_backward(tokens, weight, bias, output[1])


def _gradients(ctx, grad: Tensor, _) -> tuple[Tensor | None, ...]:
    *inputs, statistics = ctx.saved_tensors
    if torch.is_grad_enabled():

        def plain(*inputs: Tensor) -> Tensor:
            tokens, weight, bias = (x.to(ctx.dtype) for x in inputs)
            return F.layer_norm(tokens, weight.shape, weight, bias, ctx.eps)

        with torch.autocast(grad.device.type, enabled=False):
            return *gradients_of_plain(plain, tuple(inputs), grad), None, None, None
    # On CPUs PyTorch expects statistics of the dtype of the rest.
    dtype = torch.float32 if INTERPRETED else ctx.dtype
    tokens, weight, bias = (x.to(dtype) for x in inputs)
    c = tokens.shape[-1]
    found = torch.ops.aten.native_layer_norm_backward(
        grad.to(dtype).reshape(-1, c),
        tokens.reshape(-1, c),
        (c,),
        *statistics.unbind(),
        weight,
        bias,
        ctx.needs_input_grad[:3],
    )
    gradients = (None if g is None else g.to(x.dtype) for g, x in zip(found, inputs, strict=True))
    grad_tokens, *rest = gradients
    if grad_tokens is not None:
        grad_tokens = grad_tokens.view(tokens.shape)
    return grad_tokens, *rest, None, None, None


layer_norm.register_autograd(_gradients, setup_context=_save)


@triton.jit
def _normalize(
    tokens,
    weight,
    bias,
    out,
    statistics,
    rows,
    eps,
    C: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """One program: a block of tokens."""
    first = tl.program_id(0).to(tl.int64) * BLOCK_ROWS
    row, c = tl.arange(0, BLOCK_ROWS), tl.arange(0, BLOCK_C)
    is_row, is_channel = row < rows - first, c < C
    at = row[:, None] * C + c[None, :]
    inside = is_row[:, None] & is_channel[None, :]
    x = tl.load(tokens + first * C + at, mask=inside, other=0).to(tl.float32)
    w = tl.load(weight + c, mask=is_channel, other=0).to(tl.float32)
    b = tl.load(bias + c, mask=is_channel, other=0).to(tl.float32)
    total = tl.sum(x, 1)
    mean = total * (1 / C)
    if C & (C - 1):
        # To the last bit, as a division that is rounded correctly: tokens may be far from zero.
        mean = tl.fma(tl.fma(mean, -1.0 * C, total), 1 / C, mean)
    x = tl.where(is_channel[None, :], x - mean[:, None], 0)
    # One number per token: exact roots cost little, and PyTorch's are.
    scale = tl.div_rn(1.0, tl.sqrt_rn(tl.sum(x * x, 1) * (1 / C) + eps))
    tl.store(out + first * C + at, x * scale[:, None] * w[None, :] + b[None, :], mask=inside)
    if statistics is not None:
        tl.store(statistics + first + row, mean, mask=is_row)
        tl.store(statistics + rows + first + row, scale, mask=is_row)
