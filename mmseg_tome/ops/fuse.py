"""Fusing feature maps of several resolutions by a 1x1 convolution."""

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F

from .matmul import linear


def pointwise(feature_map: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve with a 1x1 kernel, as a linear over the channels.

    On channels-last maps, such as the backbone's, this is one matrix product without a copy.

    Args:
        feature_map: ``[B, C, h, w]``.
        weight: ``[D, C, 1, 1]`` or ``[D, C]``.
        bias: ``[D]``, or None.

    Returns:
        ``[B, D, h, w]`` in channels-last memory.
    """
    out = linear(feature_map.permute(0, 2, 3, 1), weight.flatten(1), bias)
    return out.permute(0, 3, 1, 2)


def fuse_levels(
    maps: Sequence[Tensor],
    weight: Tensor,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
) -> Tensor:
    """Resize maps to the first one's size, concatenate them, and convolve with a 1x1 kernel.

    Computed in another order: a 1x1 convolution and resizing commute, so every level meets its
    slice of the kernel at its own resolution, and the results are resized and added. That is a
    third of the multiplications for four levels, and nothing is concatenated.

    Args:
        maps: One map ``[B, C_i, h_i, w_i]`` per level.
        weight: Kernel, ``[D, sum of C_i, 1, 1]``.
        mode: How to resize, as in ``F.interpolate``.
        align_corners: As in ``F.interpolate``; must be None for modes that do not take it.

    Returns:
        ``[B, D, h_0, w_0]``, without a bias.
    """
    slices = weight.split([level.shape[1] for level in maps], dim=1)
    fused, *others = (pointwise(level, part) for level, part in zip(maps, slices, strict=True))
    size = fused.shape[2:]
    for level in others:
        fused = fused + F.interpolate(level, size, mode=mode, align_corners=align_corners)
    return fused
