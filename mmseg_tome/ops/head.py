"""SegFormer's head: widen every level, fuse the levels, classify every position."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .cpu.head import fusion_head_in_row_tiles, is_foldable
from .dispatch import runs_row_tiles
from .fuse import add_levels, fuse_levels, pointwise
from .weights import FusionHeadWeights, Layer, PointwiseLayer


def fusion_head(
    maps: Sequence[Tensor],
    weights: FusionHeadWeights,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
    drop: Layer | None = None,
) -> Tensor:
    """Convolve every level, fuse the levels at the largest one's size, and classify.

    Equal to ``classify(fusion(concat(resize(level(map)))))``, with the fusion before resizing, see
    :func:`fuse_levels`. Levels that are bare linears, as in NVlabs' and Hugging Face's models, are
    multiplied into the fusion's kernel first: of what every position costs, most falls away.

    Args:
        maps: One map ``[B, C_i, h_i, w_i]`` per level, the largest first.
        weights: The layers.
        mode: How levels are resized to the first one's size, as in ``F.interpolate``.
        align_corners: As in ``F.interpolate``; must be None for modes that do not take it.
        drop: What the fused map goes through in training before it is classified.

    Returns:
        Scores ``[B, K, h_0, w_0]``.

    Source: the decoder of SegFormer; Segformer++ Sec. IV-A for its use in pose estimation.
    """
    weights = _without_bare_levels(weights)
    if drop is None and runs_row_tiles(maps[0]) and is_foldable(weights):
        return fusion_head_in_row_tiles(maps, weights, mode, align_corners)
    hidden = list(maps)
    if weights.levels:
        hidden = [_widen(level, layer) for layer, level in zip(weights.levels, maps, strict=True)]
    fused = fuse_levels(hidden, weights.fusion.weight, mode, align_corners, weights.fusion)
    if drop is not None:
        fused = drop(fused)
    return pointwise(fused, weights.classify.weight, weights.classify.bias)


def _widen(level: Tensor, layer: PointwiseLayer) -> Tensor:
    hidden = pointwise(level, layer.weight, layer.bias)
    return add_levels([hidden], layer=layer._replace(bias=None))


def _without_bare_levels(weights: FusionHeadWeights) -> FusionHeadWeights:
    """Make levels that are bare linears a part of the fusion, which is linear as well.

    Resizing keeps constants, and so their biases go there too.
    """
    levels, fusion = weights.levels, weights.fusion
    if not all(layer.norm is None and layer.activate is None for layer in levels):
        return weights
    kernels = fusion.weight.flatten(1).split([len(layer.weight) for layer in levels], dim=1)
    pairs = list(zip(kernels, levels, strict=True))
    kernel = torch.cat([part @ layer.weight.flatten(1) for part, layer in pairs], dim=1)
    biases = [part @ layer.bias for part, layer in pairs if layer.bias is not None]
    biases += [] if fusion.bias is None else [fusion.bias]
    bias = torch.stack(biases).sum(dim=0) if biases else None
    return weights._replace(levels=[], fusion=fusion._replace(weight=kernel, bias=bias))
