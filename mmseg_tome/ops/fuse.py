"""Fusing feature maps of several resolutions by a 1x1 convolution."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from .dispatch import call_kernel, runs_inference_kernel
from .matmul import linear
from .weights import PointwiseLayer

# What the kernel has arguments for.
_MOST_LEVELS = 4


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
    layer: PointwiseLayer | None = None,
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
        layer: Whose bias, norm and activation follow; None for nothing. Its own kernel is not used.

    Returns:
        ``[B, D, h_0, w_0]``.
    """
    slices = weight.split([level.shape[1] for level in maps], dim=1)
    levels = [pointwise(level, part) for level, part in zip(maps, slices, strict=True)]
    return add_levels(levels, mode, align_corners, layer)


def add_levels(
    levels: Sequence[Tensor],
    mode: str = 'bilinear',
    align_corners: bool | None = False,
    layer: PointwiseLayer | None = None,
) -> Tensor:
    """Resize maps to the first one's size, add them, and apply what follows a convolution.

    The kernel is for inference, bilinear resizing, and at most four maps. It reads the first map
    once, and writes the result once.

    Args:
        levels: One map ``[B, D, h_i, w_i]`` per level, best in channels-last memory.
        mode: How to resize, as in ``F.interpolate``.
        align_corners: As in ``F.interpolate``; must be None for modes that do not take it.
        layer: Whose bias, norm and activation follow; None for nothing. Its own kernel is not used.

    Returns:
        ``[B, D, h_0, w_0]``.
    """
    if mode == 'bilinear' and len(levels) <= _MOST_LEVELS:
        folded = layer if layer is not None and is_affine_and_relu(layer) else None
        has_work = len(levels) > 1 or folded is not None
        if has_work and runs_inference_kernel(*levels, *_tensors_after(folded)):
            out = _add_by_kernel(levels, bool(align_corners), folded)
            return out if folded is not None else _finish(layer, out)
    fused, *others = levels
    size = fused.shape[2:]
    for level in others:
        fused = fused + F.interpolate(level, size, mode=mode, align_corners=align_corners)
    return _finish(layer, fused)


def _finish(layer: PointwiseLayer | None, x: Tensor) -> Tensor:
    if layer is None:
        return x
    if layer.bias is not None:
        x = x + layer.bias[:, None, None]
    if layer.norm is not None:
        x = layer.norm(x)
    return x if layer.activate is None else layer.activate(x)


def _add_by_kernel(
    levels: Sequence[Tensor], align_corners: bool, layer: PointwiseLayer | None
) -> Tensor:
    """Add levels, and apply the bias, norm and ReLU of a layer that is affine and ReLU."""
    first, *others = (level.permute(0, 2, 3, 1) for level in levels)
    bias, *norm = _tensors_after(layer)
    eps = 0.0 if layer is None or layer.norm is None else _batch_norm(layer).eps
    args = others, align_corners, bias, norm, eps, layer is not None
    out: Tensor = call_kernel('add_levels', first, *args)
    return out.permute(0, 3, 1, 2)


def is_affine_and_relu(layer: PointwiseLayer) -> bool:
    """Whether a layer is affine and ReLU: its norm, if any, has statistics that stay."""
    if not (isinstance(layer.activate, nn.ReLU) or layer.activate is F.relu):
        return False
    if layer.norm is None:
        return True
    norm = layer.norm
    return isinstance(norm, _BatchNorm) and not norm.training and norm.running_mean is not None


def _tensors_after(layer: PointwiseLayer | None) -> list[Tensor | None]:
    """A layer's bias, then mean, variance, weight and bias of its norm, as far as it has them."""
    if layer is None:
        return [None]
    if layer.norm is None:
        return [layer.bias]
    norm = _batch_norm(layer)
    affine = [norm.weight, norm.bias] if norm.affine else []
    return [layer.bias, norm.running_mean, norm.running_var, *affine]


def _batch_norm(layer: PointwiseLayer) -> _BatchNorm:
    assert isinstance(layer.norm, _BatchNorm)
    return layer.norm
