"""Training a MixFFN without keeping its wide activations: the backward pass computes them again.

Autograd keeps three maps of the hidden layer's width: what goes into the depth-wise convolution,
into the activation, and into the second linear. Here it keeps the first, and the cheap steps to the
other two are computed again in the backward pass. The matrix products are not.
"""

from typing import Any

import torch
from torch import Tensor

from .cpu.ffn import tile_rows
from .cpu.ffn_training import mix_ffn_in_training_tiles
from .dispatch import runs_training_tiles
from .matmul import linear, linear_weight_gradient
from .twice import gradients_of_plain
from .weights import FFNWeights, Middle


def mix_ffn_recomputed(
    tokens: Tensor, hw: tuple[int, int], weights: FFNWeights, middle: Middle
) -> Tensor:
    """Compute ``fc2(middle(fc1(tokens)))``, keeping the result of ``fc1`` alone.

    Args:
        tokens: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        weights: The layers' weights.
        middle: What is computed again in the backward pass.

    Returns:
        ``[B, h * w, C]``; inside autocast, in its dtype.
    """
    if runs_training_tiles(tokens):
        rows = tile_rows(tokens, hw, weights, training=True)
        if rows is not None:
            return mix_ffn_in_training_tiles(tokens, hw, weights, middle, rows)
    hidden = linear(tokens, weights.fc1, weights.fc1_bias)
    # Inside autocast `hidden` has its dtype already; the rest is cast here, so that forward and
    # backward need not know of it.
    cast = [weight.to(hidden.dtype) for weight in weights[2:]]
    with torch.autocast(hidden.device.type, enabled=False):
        out: Tensor = _ProjectRecomputed.apply(hidden, hw, middle, *cast)  # type: ignore[no-untyped-call]
        return out


class _ProjectRecomputed(torch.autograd.Function):
    """From the hidden layer on: ``linear(middle(hidden, hw, *inner), fc2, bias)``."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, hw: tuple[int, int], middle: Middle, *weights: Tensor
    ) -> Tensor:
        ctx.save_for_backward(hidden, *weights)
        ctx.hw, ctx.middle = hw, middle
        *inner, fc2, bias = weights
        return linear(middle(hidden, hw, *inner), fc2, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        hidden, *inner, fc2, _ = ctx.saved_tensors
        if torch.is_grad_enabled():

            def plain(hidden: Tensor, *weights: Tensor) -> Tensor:
                *inner, fc2, bias = weights
                return linear(ctx.middle(hidden, ctx.hw, *inner), fc2, bias)

            with torch.autocast(grad.device.type, enabled=False):
                grad_hidden, *rest = gradients_of_plain(plain, ctx.saved_tensors, grad)
            return grad_hidden, None, None, *rest
        inputs = [x.detach().requires_grad_() for x in (hidden, *inner)]
        with torch.enable_grad(), torch.autocast(grad.device.type, enabled=False):
            activated = ctx.middle(inputs[0], ctx.hw, *inputs[1:])
        grad_hidden, *grad_inner = torch.autograd.grad(activated, inputs, linear(grad, fc2.t()))
        grad_fc2 = linear_weight_gradient(activated.detach(), grad)
        return grad_hidden, None, None, *grad_inner, grad_fc2, grad.flatten(0, 1).sum(0)
