"""SegFormer's MixFFN on tokens: linear, depth-wise 3x3 convolution, activation, linear."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .layout import to_map, to_tokens

# Rows of a strip: its hidden activations should stay in a core's cache while three steps pass over
# them, yet be many beside the two rows that are computed twice.
_STRIP_ROWS = 16
# Hidden layers up to this size stay in the last cache anyway, and are done at once.
_CACHE_BYTES = 6 * 2**20


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
    activate: Callable[[Tensor], Tensor],
) -> Tensor:
    """Transform tokens; the reference for :func:`mix_ffn_in_strips`.

    The 3x3 convolution sees the memory of the tokens as a channels-last map, so nothing is
    transposed.

    Args:
        tokens: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        weights: The layers' weights.
        activate: The activation, element by element.

    Returns:
        ``[B, h * w, C]``.
    """
    hidden = F.linear(tokens, weights.fc1, weights.fc1_bias)
    hidden = activate(_depthwise(hidden, hw, weights))
    return F.linear(hidden, weights.fc2, weights.fc2_bias)


def mix_ffn_in_strips(
    tokens: Tensor,
    hw: tuple[int, int],
    weights: FFNWeights,
    activate: Callable[[Tensor], Tensor],
) -> Tensor:
    """The same function, computed in strips of rows that stay in cache.

    For inference on a CPU: no gradient, and no buffer of the hidden layer's full size. A strip is
    computed with one more row above and below, which the convolution looks at.
    """
    h, w = hw
    hidden_bytes = tokens.shape[0] * h * w * weights.fc1.shape[0] * tokens.element_size()
    if h <= _STRIP_ROWS or hidden_bytes <= _CACHE_BYTES:
        return mix_ffn(tokens, hw, weights, activate)
    out = torch.empty_like(tokens)
    for image, image_out in zip(tokens.split(1), out.split(1), strict=True):
        for top in range(0, h, _STRIP_ROWS):
            bottom = min(top + _STRIP_ROWS, h)
            first, last = max(top - 1, 0), min(bottom + 1, h)
            hidden = F.linear(image[:, first * w : last * w], weights.fc1, weights.fc1_bias)
            hidden = _depthwise(hidden, (last - first, w), weights)
            # The rows beyond the strip miss a neighbour, and belong to the next strip anyway.
            hidden = activate(hidden[:, (top - first) * w : (bottom - first) * w])
            image_out[:, top * w : bottom * w] = F.linear(hidden, weights.fc2, weights.fc2_bias)
    return out


def _depthwise(hidden: Tensor, hw: tuple[int, int], weights: FFNWeights) -> Tensor:
    token_map = F.conv2d(
        to_map(hidden, hw),
        weights.depthwise,
        weights.depthwise_bias,
        padding=1,
        groups=weights.depthwise.shape[0],
    )
    return to_tokens(token_map)
