"""Depth-wise 3x3 convolution and GELU, on tokens."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .dispatch import call_kernel, runs_kernel
from .layout import to_map, to_tokens


def depthwise_gelu(hidden: Tensor, hw: tuple[int, int], weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve a token map depth-wise with a 3x3 kernel, add a bias, and apply GELU.

    Zeros surround the map; GELU is the exact one, with erf. The kernel keeps the input alone for
    the backward pass, and computes what GELU was applied to again.

    Args:
        hidden: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        weight: ``[C, 1, 3, 3]``.
        bias: ``[C]``.

    Returns:
        ``[B, h * w, C]``.

    Source: the Mix-FFN of SegFormer.
    """
    if runs_kernel(hidden):
        device = hidden.device.type
        if torch.is_autocast_enabled(device):
            hidden = hidden.to(torch.get_autocast_dtype(device))  # as conv2d does
        elif hidden.dtype != weight.dtype:
            raise TypeError(f'hidden is {hidden.dtype} and weight {weight.dtype}: give one dtype')
        return call_kernel('depthwise_gelu', hidden, *hw, weight, bias)
    token_map = F.conv2d(to_map(hidden, hw), weight, bias, padding=1, groups=weight.shape[0])
    return F.gelu(to_tokens(token_map))
