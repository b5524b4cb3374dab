"""A MixFFN in row tiles, forward and backward.

The gradient of the hidden layer is never written as a whole.
"""

from typing import Any

import torch
from torch import Tensor

from ..matmul import linear, linear_weight_gradient
from ..twice import gradients_of_plain
from ..weights import FFNWeights, Middle
from .row_tiles import row_tiles


def mix_ffn_in_training_tiles(
    tokens: Tensor, hw: tuple[int, int], weights: FFNWeights, middle: Middle, rows: int
) -> Tensor:
    """Compute ``fc2(middle(fc1(tokens)))``, and its gradient, in row tiles.

    Args:
        tokens: ``[B, h * w, C]``, in fp32 or fp64: gradients of the weights are summed over tiles
            in their own dtype.
        hw: Height and width of the token map.
        weights: The layers' weights.
        middle: What is computed again in the backward pass.
        rows: Rows of a tile of an image; each is computed with a row more above and below.

    Returns:
        ``[B, h * w, C]``.
    """
    out: Tensor = _TiledMixFFN.apply(tokens, hw, middle, rows, *weights)  # type: ignore[no-untyped-call]
    return out


class _TiledMixFFN(torch.autograd.Function):
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
        tiles = row_tiles(hw, rows)
        for image in range(len(tokens)):
            done = 0
            for tile in tiles:
                fresh = slice(done, tile.seen.stop)  # what the tile above has not computed
                done = tile.seen.stop
                hidden[image, fresh] = linear(tokens[image, fresh], fc1, fc1_bias)
                activated = middle(hidden[image, tile.seen][None], tile.hw, *inner)[0]
                activated = activated[tile.own_of_seen]
                out[image, tile.own] = linear(activated, fc2, fc2_bias)
        ctx.save_for_backward(hidden, tokens, *weights)
        ctx.hw, ctx.middle, ctx.rows = hw, middle, rows
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        hidden, tokens, *weights = ctx.saved_tensors
        if torch.is_grad_enabled():

            def plain(tokens: Tensor, *weights: Tensor) -> Tensor:
                fc1, fc1_bias, *inner, fc2, fc2_bias = weights
                hidden = linear(tokens, fc1, fc1_bias)
                return linear(ctx.middle(hidden, ctx.hw, *inner), fc2, fc2_bias)

            grad_tokens, *rest = gradients_of_plain(plain, (tokens, *weights), grad)
            return grad_tokens, None, None, None, *rest
        fc1, _, *inner, fc2, _ = weights
        inner = [weight.detach().requires_grad_() for weight in inner]
        grad_tokens = torch.zeros_like(tokens)
        grad_fc1, grad_fc2 = torch.zeros_like(fc1), torch.zeros_like(fc2)
        grad_fc1_bias = fc1.new_zeros(len(fc1))
        grad_inner = [torch.zeros_like(weight) for weight in inner]
        tiles = row_tiles(ctx.hw, ctx.rows)
        for image in range(len(tokens)):
            for tile in tiles:
                seen = hidden[image, tile.seen].detach().requires_grad_()
                with torch.enable_grad():
                    activated = ctx.middle(seen[None], tile.hw, *inner)[0][tile.own_of_seen]
                own = grad[image, tile.own]
                grad_fc2 += linear_weight_gradient(activated.detach(), own)
                grad_activated = linear(own, fc2.t())
                grad_seen, *shares = torch.autograd.grad(activated, (seen, *inner), grad_activated)
                for total, share in zip(grad_inner, shares, strict=True):
                    total += share
                # Linear in the gradient: tiles that share a row add up.
                grad_tokens[image, tile.seen] += linear(grad_seen, fc1.t())
                grad_fc1 += linear_weight_gradient(tokens[image, tile.seen], grad_seen)
                grad_fc1_bias += grad_seen.sum(0)
        grad_fc2_bias = grad.flatten(0, 1).sum(0)
        return (
            grad_tokens, None, None, None,
            grad_fc1, grad_fc1_bias, *grad_inner, grad_fc2, grad_fc2_bias,
        )  # fmt: skip
