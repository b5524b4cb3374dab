"""What SegFormer's heads for segmentation and for pose have in common."""

from collections.abc import Iterable, Sequence

from mmcv.cnn import ConvModule
from torch import Tensor, nn

from ..ops import FusionHeadWeights, PointwiseLayer, fusion_head


def run_fusion_head(
    maps: Sequence[Tensor],
    convs: Iterable[ConvModule],
    fusion_conv: ConvModule,
    classify: nn.Conv2d,
    dropout: nn.Module | None = None,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
) -> Tensor:
    """Compute :func:`mmseg_tome.ops.fusion_head` with the layers of a head.

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
    weights = FusionHeadWeights(
        [_layer(conv) for conv in convs],
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
        module.norm if module.with_norm else None,
        module.activate if module.with_activation else None,
    )
