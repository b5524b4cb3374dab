"""SegFormer's MixFFN on tokens: linear, depth-wise 3x3 convolution, activation, linear."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .cpu.matmul import linear
from .cpu.row_tiles import times_cache
from .depthwise import depthwise_gelu
from .ffn_recompute import mix_ffn_strips_recomputed, project_recomputed
from .layout import to_map, to_tokens

# A strip's hidden layer takes about so many second-level caches: it should stay in cache while four
# steps pass over it, yet have many rows beside the two that are computed twice, and be large enough
# a product.
_STRIP = 2.0
_MIN_ROWS = 8
# In training, more passes go over it, and more is lost by rows that are computed twice.
_TRAINING_STRIP = 3.0
# Hidden layers up to this size stay in the last cache anyway, and are done at once.
_WHOLE = 3.0

Layer = Callable[[Tensor], Tensor]


class FFNWeights(NamedTuple):
    """The weights of a MixFFN: ``fc1`` [H, C], ``depthwise`` [H, 1, 3, 3], ``fc2`` [C, H]."""

    fc1: Tensor
    fc1_bias: Tensor
    depthwise: Tensor
    depthwise_bias: Tensor
    fc2: Tensor
    fc2_bias: Tensor


def mix_ffn(
    tokens: Tensor,
    hw: tuple[int, int],
    weights: FFNWeights,
    activate: Layer,
    norm: Layer | None = None,
    shortcut: Tensor | None = None,
    drop: Layer | None = None,
    recompute: bool = False,
) -> Tensor:
    """Transform tokens; the reference for :func:`mix_ffn_in_strips`.

    The 3x3 convolution sees the memory of the tokens as a channels-last map, so nothing is
    transposed.

    Args:
        tokens: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        weights: The layers' weights.
        activate: The activation, element by element. ``F.gelu`` and the convolution before it are
            one kernel where kernels run.
        norm: What the tokens go through first, each by itself.
        shortcut: What is added, ``[B, h * w, C]``.
        drop: What the activated hidden layer goes through in training.
        recompute: Whether the backward pass computes the convolution and the activation again
            instead of keeping them; ``drop`` must do nothing then.

    Returns:
        ``[B, h * w, C]``.
    """
    if norm is not None:
        tokens = norm(tokens)

    def middle(hidden: Tensor, hw: tuple[int, int], depthwise: Tensor, bias: Tensor) -> Tensor:
        if activate is F.gelu:
            hidden = depthwise_gelu(hidden, hw, depthwise, bias)
        else:
            hidden = activate(_depthwise(hidden, hw, depthwise, bias))
        return hidden if drop is None else drop(hidden)

    rows = None
    if recompute and _sums_are_exact(tokens):
        rows = _strip_rows(tokens, hw, weights, _TRAINING_STRIP)
    if rows is not None:
        out = mix_ffn_strips_recomputed(tokens, hw, middle, weights, rows)
    else:
        hidden = linear(tokens, weights.fc1, weights.fc1_bias)
        if recompute:
            out = project_recomputed(hidden, hw, middle, weights[2:4], *weights[4:])
        else:
            hidden = middle(hidden, hw, weights.depthwise, weights.depthwise_bias)
            out = linear(hidden, weights.fc2, weights.fc2_bias)
    return out if shortcut is None else shortcut + out


def mix_ffn_in_strips(
    tokens: Tensor,
    hw: tuple[int, int],
    weights: FFNWeights,
    activate: Layer,
    norm: Layer | None = None,
    shortcut: Tensor | None = None,
) -> Tensor:
    """The same function, computed in strips of rows that stay in cache.

    For inference on a CPU: no gradient, and no buffer of the hidden layer's full size. A strip is
    computed with one more row above and below, which the convolution looks at. ``activate`` may
    work in place.
    """
    h, w = hw
    rows = _strip_rows(tokens, hw, weights, _STRIP)
    if rows is None:
        return mix_ffn(tokens, hw, weights, activate, norm, shortcut)
    out = torch.empty_like(tokens)
    for image in range(len(tokens)):
        for top in range(0, h, rows):
            bottom = min(top + rows, h)
            first, last = max(top - 1, 0), min(bottom + 1, h)
            strip = tokens[image : image + 1, first * w : last * w]
            hidden = linear(norm(strip) if norm else strip, weights.fc1, weights.fc1_bias)
            hidden = _depthwise(
                hidden, (last - first, w), weights.depthwise, weights.depthwise_bias
            )
            # The rows beyond the strip miss a neighbor, and belong to the next strip anyway.
            hidden = activate(hidden[:, (top - first) * w : (bottom - first) * w])
            own = (slice(image, image + 1), slice(top * w, bottom * w))
            result = linear(hidden, weights.fc2, weights.fc2_bias)
            if shortcut is None:
                out[own] = result
            else:
                torch.add(shortcut[own], result, out=out[own])
    return out


def _strip_rows(
    tokens: Tensor, hw: tuple[int, int], weights: FFNWeights, caches: float
) -> int | None:
    """Rows of a strip, or None where all is done at once."""
    h, w = hw
    row_bytes = w * weights.fc1.shape[0] * tokens.element_size()
    rows = max(_MIN_ROWS, times_cache(caches) // row_bytes)
    if h <= rows or tokens.shape[0] * h * row_bytes <= times_cache(_WHOLE):
        return None
    return rows


def _sums_are_exact(tokens: Tensor) -> bool:
    """Whether gradients may be summed over strips; in fp16 and bf16 they would round too often."""
    in_autocast = torch.is_autocast_enabled('cpu')
    return tokens.device.type == 'cpu' and tokens.element_size() >= 4 and not in_autocast


def _depthwise(hidden: Tensor, hw: tuple[int, int], weight: Tensor, bias: Tensor) -> Tensor:
    return to_tokens(F.conv2d(to_map(hidden, hw), weight, bias, padding=1, groups=weight.shape[0]))
