"""What SegFormer's heads for segmentation and for pose have in common."""

from collections.abc import Callable, Iterable, Sequence

import torch
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn import functional as F

from ..ops import FusionHeadWeights, PointwiseLayer, fusion_head
from ..plain import is_plain
from .plain import DROPS, is_pointwise, is_pointwise_module


def run_fusion_head(
    maps: Sequence[Tensor],
    convs: Iterable[ConvModule],
    fusion_conv: ConvModule,
    classify: Callable[[Tensor], Tensor],
    dropout: nn.Module | None = None,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
) -> Tensor:
    """Compute :func:`mmseg_tome.ops.fusion_head` with the layers of a head.

    Layers that are not plain, see :mod:`mmseg_tome.plain`, are called in stock's order.

    Args:
        maps: One map ``[B, C_i, h_i, w_i]`` per level, the largest first.
        convs: A 1x1 convolution per level, to ``D`` channels, mostly with norm and activation.
        fusion_conv: A 1x1 convolution with norm and activation, from all levels to ``D`` channels.
        classify: Usually a 1x1 convolution from ``D`` channels to ``K`` scores.
        dropout: What the fused map goes through before it is classified, or None.
        mode: How to resize, as in ``F.interpolate``.
        align_corners: Used with the modes that take it.

    Returns:
        Scores ``[B, K, h_0, w_0]``.
    """
    if 'linear' not in mode and mode != 'bicubic':
        align_corners = None
    layers = [*convs, fusion_conv]
    if not (
        all(is_pointwise_module(layer) for layer in layers)
        and is_pointwise(classify)
        and (dropout is None or is_plain(dropout, DROPS))
    ):
        *convs, fusion_conv = layers
        # One channel after another in memory, as in stock: what is called may rely on it.
        hidden = [conv(x.contiguous()) for conv, x in zip(convs, maps, strict=True)]
        size = maps[0].shape[2:]
        resized = [F.interpolate(x, size, mode=mode, align_corners=align_corners) for x in hidden]
        fused = fusion_conv(torch.cat(resized, dim=1))
        return classify(fused if dropout is None else dropout(fused))
    weights = FusionHeadWeights(
        [_layer(layer) for layer in layers[:-1]],
        _layer(fusion_conv),
        PointwiseLayer(classify.weight, classify.bias),
    )
    drops = dropout is not None and dropout.training
    return fusion_head(maps, weights, mode, align_corners, dropout if drops else None)


def _layer(module: ConvModule) -> PointwiseLayer:
    conv = module.conv
    return PointwiseLayer(
        conv.weight,
        conv.bias,
        _unless_identity(module.norm) if module.with_norm else None,
        _unless_identity(module.activate) if module.with_activation else None,
    )


def _unless_identity(module: nn.Module) -> nn.Module | None:
    return None if type(module) is nn.Identity else module
