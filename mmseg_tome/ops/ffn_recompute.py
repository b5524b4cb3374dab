"""Training a MixFFN without keeping its wide activations: the backward pass computes them again.

Autograd keeps three maps of the hidden layer's width: what goes into the depth-wise convolution,
into the activation, and into the second linear. Here it keeps the first, and the cheap steps to the
other two are computed again in the backward pass. The matrix products are not.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .cpu.matmul import linear, linear_weight_gradient

# Hidden layer [B, h * w, H], (h, w), and two weights, to the activated hidden layer. Deterministic;
# each row comes from itself and its neighbors above and below.
Middle = Callable[[Tensor, tuple[int, int], Tensor, Tensor], Tensor]


def project_recomputed(
    hidden: Tensor,
    hw: tuple[int, int],
    middle: Middle,
    weights: tuple[Tensor, Tensor],
    fc2: Tensor,
    fc2_bias: Tensor,
) -> Tensor:
    """Compute ``linear(middle(hidden, hw, *weights), fc2, fc2_bias)``, keeping ``hidden`` alone.

    Args:
        hidden: ``[B, h * w, H]``.
        hw: Height and width of the token map.
        middle: What is computed again in the backward pass.
        weights: Its weights.
        fc2: ``[C, H]``.
        fc2_bias: ``[C]``.

    Returns:
        ``[B, h * w, C]``, in the dtype of ``hidden``, also inside autocast.
    """
    # Inside autocast `hidden` has its dtype already; the rest is cast here, so that forward and
    # backward need not know of it.
    cast = [w.to(hidden.dtype) for w in (*weights, fc2, fc2_bias)]
    with torch.autocast(hidden.device.type, enabled=False):
        return _ProjectRecomputed.apply(hidden, hw, middle, *cast)


def mix_ffn_strips_recomputed(
    tokens: Tensor, hw: tuple[int, int], middle: Middle, weights: tuple[Tensor, ...], rows: int
) -> Tensor:
    """Compute ``fc2(middle(fc1(tokens)))`` forward and backward in strips that stay in cache.

    For training on a CPU. The gradient of the hidden layer is never written as a whole.

    Args:
        tokens: ``[B, h * w, C]``, in fp32 or fp64: gradients of the weights are summed over strips
            in their own dtype.
        hw: Height and width of the token map.
        middle: What is computed again in the backward pass.
        weights: ``fc1`` [H, C] and its bias, those of ``middle``, ``fc2`` [C, H] and its bias.
        rows: Rows of a strip of an image; each is computed with a row more above and below.

    Returns:
        ``[B, h * w, C]``.
    """
    return _StripsRecomputed.apply(tokens, hw, middle, rows, *weights)


class _ProjectRecomputed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, hw: tuple[int, int], middle: Middle, *weights: Tensor
    ) -> Tensor:
        ctx.save_for_backward(hidden, *weights)
        ctx.hw, ctx.middle = hw, middle
        *inner, fc2, bias = weights
        return linear(middle(hidden, hw, *inner), fc2, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        hidden, *inner, fc2, _ = ctx.saved_tensors
        inputs = [x.detach().requires_grad_() for x in (hidden, *inner)]
        with torch.enable_grad(), torch.autocast(grad.device.type, enabled=False):
            activated = ctx.middle(inputs[0], ctx.hw, *inputs[1:])
        grad_hidden, *grad_inner = torch.autograd.grad(activated, inputs, linear(grad, fc2.t()))
        grad_fc2 = linear_weight_gradient(activated.detach(), grad)
        return grad_hidden, None, None, *grad_inner, grad_fc2, grad.flatten(0, 1).sum(0)


class _StripsRecomputed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        tokens: Tensor,
        hw: tuple[int, int],
        middle: Middle,
        rows: int,
        *weights: Tensor,
    ) -> Tensor:
        fc1, fc1_bias, *inner, fc2, fc2_bias = weights
        hidden = tokens.new_empty(*tokens.shape[:2], len(fc1))
        out = tokens.new_empty(*tokens.shape[:2], len(fc2))
        strips = _strips(hw, rows)
        for image in range(len(tokens)):
            done = 0
            for strip in strips:
                fresh = slice(done, strip.seen.stop)  # what the strip above has not computed
                done = strip.seen.stop
                hidden[image, fresh] = linear(tokens[image, fresh], fc1, fc1_bias)
                activated = middle(hidden[image, strip.seen][None], strip.hw, *inner)[0]
                activated = activated[strip.own_of_seen]
                out[image, strip.own] = linear(activated, fc2, fc2_bias)
        ctx.save_for_backward(tokens, hidden, fc1, *inner, fc2)
        ctx.hw, ctx.middle, ctx.rows = hw, middle, rows
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        tokens, hidden, fc1, *inner, fc2 = ctx.saved_tensors
        inner = [weight.detach().requires_grad_() for weight in inner]
        grad_tokens = torch.zeros_like(tokens)
        grad_fc1, grad_fc2 = torch.zeros_like(fc1), torch.zeros_like(fc2)
        grad_fc1_bias = fc1.new_zeros(len(fc1))
        grad_inner = [torch.zeros_like(weight) for weight in inner]
        strips = _strips(ctx.hw, ctx.rows)
        for image in range(len(tokens)):
            for strip in strips:
                seen = hidden[image, strip.seen].detach().requires_grad_()
                with torch.enable_grad():
                    activated = ctx.middle(seen[None], strip.hw, *inner)[0][strip.own_of_seen]
                own = grad[image, strip.own]
                grad_fc2 += linear_weight_gradient(activated.detach(), own)
                grad_activated = linear(own, fc2.t())
                grad_seen, *shares = torch.autograd.grad(activated, (seen, *inner), grad_activated)
                for total, share in zip(grad_inner, shares, strict=True):
                    total += share
                # Linear in the gradient: strips that share a row add up.
                grad_tokens[image, strip.seen] += linear(grad_seen, fc1.t())
                grad_fc1 += linear_weight_gradient(tokens[image, strip.seen], grad_seen)
                grad_fc1_bias += grad_seen.sum(0)
        grad_fc2_bias = grad.flatten(0, 1).sum(0)
        return (
            grad_tokens, None, None, None,
            grad_fc1, grad_fc1_bias, *grad_inner, grad_fc2, grad_fc2_bias,
        )  # fmt: skip


class _Strip:
    """Rows ``top`` to ``bottom`` of an image, and one more on each side where there is one."""

    def __init__(self, hw: tuple[int, int], top: int, bottom: int) -> None:
        h, w = hw
        first, last = max(top - 1, 0), min(bottom + 1, h)
        self.hw = (last - first, w)
        self.own = slice(top * w, bottom * w)
        self.seen = slice(first * w, last * w)
        self.own_of_seen = slice((top - first) * w, (bottom - first) * w)


def _strips(hw: tuple[int, int], rows: int) -> list[_Strip]:
    return [_Strip(hw, top, min(top + rows, hw[0])) for top in range(0, hw[0], rows)]
