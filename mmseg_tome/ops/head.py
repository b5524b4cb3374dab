"""SegFormer's head: widen every level, fuse the levels, classify every position."""

from collections.abc import Sequence

from torch import Tensor

from .cpu.head import fusion_head_in_row_tiles, is_foldable
from .dispatch import runs_row_tiles
from .fuse import fuse_levels, pointwise
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
    :func:`fuse_levels`.

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
    if drop is None and runs_row_tiles(maps[0]) and is_foldable(weights):
        return fusion_head_in_row_tiles(maps, weights, mode, align_corners)
    hidden = [
        _norm_and_activate(layer, pointwise(level, layer.weight, layer.bias))
        for layer, level in zip(weights.levels, maps, strict=True)
    ]
    fused = fuse_levels(hidden, weights.fusion.weight, mode, align_corners)
    if weights.fusion.bias is not None:
        fused = fused + weights.fusion.bias[:, None, None]
    fused = _norm_and_activate(weights.fusion, fused)
    if drop is not None:
        fused = drop(fused)
    return pointwise(fused, weights.classify.weight, weights.classify.bias)


def _norm_and_activate(layer: PointwiseLayer, x: Tensor) -> Tensor:
    if layer.norm is not None:
        x = layer.norm(x)
    return x if layer.activate is None else layer.activate(x)
