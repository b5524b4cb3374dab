"""What SegFormer's heads for segmentation and for pose have in common."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..ops import FusionHeadWeights, fuse_levels, fusion_head_in_strips, pointwise, strips_pay


def run_fusion_head(
    maps: Sequence[Tensor],
    convs: Sequence[ConvModule],
    fusion_conv: ConvModule,
    classify: nn.Conv2d,
    dropout: nn.Module | None = None,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
) -> Tensor:
    """Convolve every level, fuse the levels at the largest one's size, and classify.

    Equal to ``classify(fusion_conv(concat(resize(conv(map)))))``, with the fusion before resizing
    (:func:`mmseg_tome.ops.fuse_levels`), and at inference on a CPU in strips of rows.

    Args:
        maps: One map ``[B, C_i, h_i, w_i]`` per level, the largest first.
        convs: A 1x1 convolution with norm and activation per level, to ``D`` channels.
        fusion_conv: A 1x1 convolution with norm and activation, from all levels to ``D`` channels.
        classify: A 1x1 convolution from ``D`` channels to ``K`` scores.
        dropout: What the fused map goes through in training before it is classified.
        mode: How to resize, as in ``F.interpolate``.
        align_corners: Used with the modes that take it.

    Returns:
        Scores ``[B, K, h_0, w_0]``.
    """
    if 'linear' not in mode and mode != 'bicubic':
        align_corners = None
    layers = [*convs, fusion_conv]
    if dropout is not None and not dropout.training:
        dropout = None
    if strips_pay(maps[0]) and dropout is None and all(map(_is_foldable, layers)):
        *levels, (fusion, fusion_bias) = map(_fold_norm, layers)
        weights = FusionHeadWeights(
            levels, fusion, fusion_bias, classify.weight.flatten(1), classify.bias
        )
        return fusion_head_in_strips(maps, weights, mode, align_corners)
    hidden = [
        _norm_and_activate(conv, pointwise(level, conv.conv.weight, conv.conv.bias))
        for conv, level in zip(convs, maps, strict=True)
    ]
    fused = fuse_levels(hidden, fusion_conv.conv.weight, mode, align_corners)
    if fusion_conv.conv.bias is not None:
        fused = fused + fusion_conv.conv.bias[:, None, None]
    fused = _norm_and_activate(fusion_conv, fused)
    if dropout is not None:
        fused = dropout(fused)
    return pointwise(fused, classify.weight, classify.bias)


def _norm_and_activate(layer: ConvModule, x: Tensor) -> Tensor:
    if layer.with_norm:
        x = layer.norm(x)
    return layer.activate(x) if layer.with_activation else x


def _is_foldable(layer: ConvModule) -> bool:
    """Whether the layer is an affine function and a ReLU: true of the usual heads in eval mode."""
    if not (layer.with_activation and isinstance(layer.activate, nn.ReLU)):
        return False
    if not layer.with_norm:
        return True
    norm = layer.norm
    return isinstance(norm, _BatchNorm) and not norm.training and norm.running_mean is not None


def _fold_norm(layer: ConvModule) -> tuple[Tensor, Tensor]:
    """The kernel ``[D, C]`` and bias ``[D]`` that do what a convolution and its norm do."""
    weight, bias = layer.conv.weight.flatten(1), layer.conv.bias
    if not layer.with_norm:
        return weight, weight.new_zeros(len(weight)) if bias is None else bias
    norm = layer.norm
    scale = (norm.running_var + norm.eps).rsqrt()
    if norm.affine:
        scale = scale * norm.weight
    shift = -norm.running_mean * scale if bias is None else (bias - norm.running_mean) * scale
    if norm.affine:
        shift = shift + norm.bias
    return weight * scale[:, None].to(weight.dtype), shift.to(weight.dtype)
