"""Depth-wise 3x3 convolution on tokens, with and without GELU."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .dispatch import call_kernel, runs_kernel
from .layout import to_map, to_tokens


def depthwise_conv(hidden: Tensor, hw: tuple[int, int], weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve a token map depth-wise with a 3x3 kernel, zeros around it, and add a bias.

    The convolution sees the memory of the tokens as a channels-last map, so nothing is transposed.

    Args:
        hidden: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        weight: ``[C, 1, 3, 3]``.
        bias: ``[C]``.

    Returns:
        ``[B, h * w, C]``.
    """
    return to_tokens(F.conv2d(to_map(hidden, hw), weight, bias, padding=1, groups=weight.shape[0]))


def depthwise_gelu(hidden: Tensor, hw: tuple[int, int], weight: Tensor, bias: Tensor) -> Tensor:
    """Compute ``F.gelu(depthwise_conv(hidden, hw, weight, bias))``, with the exact GELU.

    The kernel keeps the input alone for the backward pass, and computes what GELU was applied to
    again.

    Args:
        hidden: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        weight: ``[C, 1, 3, 3]``.
        bias: ``[C]``.

    Returns:
        ``[B, h * w, C]``.

    Raises:
        TypeError: If a kernel gets tokens and weights of different dtypes.

    Source: the Mix-FFN of SegFormer.
    """
    if runs_kernel(hidden):
        device = hidden.device.type
        if torch.is_autocast_enabled(device):
            hidden = hidden.to(torch.get_autocast_dtype(device))  # as conv2d does
        elif hidden.dtype != weight.dtype:
            raise TypeError(f'hidden is {hidden.dtype} and weight {weight.dtype}: give one dtype')
        out: Tensor = call_kernel('depthwise_gelu', hidden, *hw, weight, bias)
        return out
    return F.gelu(depthwise_conv(hidden, hw, weight, bias))
