"""Gradients of gradients, which the backward passes of fast paths do not have themselves."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradients_of_plain(
    function: Callable[..., Tensor], inputs: tuple[Tensor, ...], grad: Tensor
) -> tuple[Tensor | None, ...]:
    """Compute gradients by plain PyTorch, so that gradients can be taken of them.

    For backward passes in which ``torch.is_grad_enabled()``: somebody asked for ``create_graph``.

    Args:
        function: What the forward pass computes, of operations that PyTorch can differentiate
            twice.
        inputs: Its inputs.
        grad: The gradient of its result.

    Returns:
        The gradient of every input, None for those that need none.
    """
    # Views, so that inputs which are one tensor get a gradient each.
    inputs = tuple(x.view_as(x) for x in inputs)
    wanted = [x for x in inputs if x.requires_grad]
    found = iter(torch.autograd.grad(function(*inputs), wanted, grad, create_graph=True))
    return tuple(next(found) if x.requires_grad else None for x in inputs)


def plain_attention(q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor | None = None) -> Tensor:
    """See :func:`mmseg_tome.ops.scaled_dot_product_attention`: by its definition, no dropout."""
    scores = q * q.shape[-1] ** -0.5 @ k.mT
    if key_bias is not None:
        scores = scores + key_bias[:, None, None].to(scores.dtype)
    return torch.softmax(scores, dim=-1) @ v
