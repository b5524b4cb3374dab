"""Training a MixFFN without keeping its wide activations: the backward pass computes them again."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# Hidden layer [B, h * w, H], (h, w), and weights, to the activated hidden layer. Deterministic;
# each row comes from itself and its neighbours above and below.
Middle = Callable[..., Tensor]


def project_recomputed(
    hidden: Tensor,
    hw: tuple[int, int],
    middle: Middle,
    weights: tuple[Tensor, ...],
    fc2: Tensor,
    fc2_bias: Tensor,
    strip_rows: int | None = None,
) -> Tensor:
    """Compute ``F.linear(middle(hidden, hw, *weights), fc2, fc2_bias)``.

    Autograd keeps three maps of the hidden layer's width for it: what goes into the depth-wise
    convolution, into the activation, and into the linear. Here it keeps the first, and the cheap
    steps to the other two are computed again in the backward pass. The matrix product is not.

    Args:
        hidden: ``[B, h * w, H]``.
        hw: Height and width of the token map.
        middle: What is computed again in the backward pass.
        weights: Its weights.
        fc2: ``[C, H]``.
        fc2_bias: ``[C]``.
        strip_rows: Rows of the strips of an image that forward and backward are computed in, each
            with a row more above and below; None to do all at once.

    Returns:
        ``[B, h * w, C]``, in the dtype of ``hidden``, also inside autocast.
    """
    # Inside autocast `hidden` has its dtype already; the rest is cast here, so that forward and
    # backward need not know of it.
    cast = [w.to(hidden.dtype) for w in (*weights, fc2, fc2_bias)]
    with torch.autocast(hidden.device.type, enabled=False):
        return _ProjectRecomputed.apply(hidden, hw, middle, strip_rows, *cast)


class _ProjectRecomputed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        hw: tuple[int, int],
        middle: Middle,
        strip_rows: int | None,
        *weights: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(hidden, *weights)
        ctx.hw, ctx.middle, ctx.strip_rows = hw, middle, strip_rows
        *inner, fc2, bias = weights
        if strip_rows is None:
            return F.linear(middle(hidden, hw, *inner), fc2, bias)
        out = hidden.new_empty(*hidden.shape[:2], fc2.shape[0])
        for strip in _strips(len(hidden), hw, strip_rows):
            activated = strip.crop(middle(hidden[strip.seen], strip.hw, *inner))
            out[strip.own] = F.linear(activated, fc2, bias)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        hidden, *inner, fc2, _ = ctx.saved_tensors
        inner = [weight.detach().requires_grad_() for weight in inner]

        def gradients(strip: _Strip) -> tuple[Tensor, ...]:
            """Of what the strip sees of the hidden layer, and its share of the weights'."""
            seen = hidden[strip.seen].detach().requires_grad_()
            with torch.enable_grad(), torch.autocast(grad.device.type, enabled=False):
                activated = strip.crop(ctx.middle(seen, strip.hw, *inner))
            own = grad[strip.own]
            from_strip = torch.autograd.grad(activated, (seen, *inner), own @ fc2)
            from_fc2 = own.flatten(0, 1).t() @ activated.detach().flatten(0, 1)
            return *from_strip, from_fc2

        if ctx.strip_rows is None:
            (whole,) = _strips(len(hidden), ctx.hw, None)
            grad_hidden, *grad_weights = gradients(whole)
        else:
            grad_hidden = torch.zeros_like(hidden)
            # Strips are summed in fp32, as one matrix product would accumulate them.
            dtype = torch.promote_types(grad.dtype, torch.float32)
            totals = [torch.zeros_like(weight, dtype=dtype) for weight in (*inner, fc2)]
            for strip in _strips(len(hidden), ctx.hw, ctx.strip_rows):
                from_strip, *shares = gradients(strip)
                grad_hidden[strip.seen] += from_strip
                for total, share in zip(totals, shares, strict=True):
                    total += share
            grad_weights = [total.to(hidden.dtype) for total in totals]
        return grad_hidden, None, None, None, *grad_weights, grad.flatten(0, 1).sum(0)


class _Strip:
    """Rows ``top`` to ``bottom`` of some images, and one more on each side where there is one."""

    def __init__(self, images: slice, hw: tuple[int, int], top: int, bottom: int) -> None:
        h, w = hw
        first, last = max(top - 1, 0), min(bottom + 1, h)
        self.hw = (last - first, w)
        self.own = (images, slice(top * w, bottom * w))
        self.seen = (images, slice(first * w, last * w))
        self._own_of_seen = slice((top - first) * w, (bottom - first) * w)

    def crop(self, seen: Tensor) -> Tensor:
        """The strip's own part of what was computed from all that it sees."""
        return seen[:, self._own_of_seen]


def _strips(num_images: int, hw: tuple[int, int], rows: int | None) -> Iterator[_Strip]:
    if rows is None:
        yield _Strip(slice(None), hw, 0, hw[0])
        return
    for image in range(num_images):
        for top in range(0, hw[0], rows):
            yield _Strip(slice(image, image + 1), hw, top, min(top + rows, hw[0]))
