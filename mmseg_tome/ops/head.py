"""SegFormer's head at inference: widen every level, fuse the levels, classify every position."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .cpu.matmul import linear
from .cpu.row_tiles import times_cache
from .fuse import fuse_levels, pointwise

# A strip of rows of the fused map takes about so many second-level caches: small, so that it and
# the hidden layer beside it stay in cache, yet large products. From 1 to 2 they are within 10 %.
_STRIP = 1.5


class FusionHeadWeights(NamedTuple):
    """The weights of the head; norms that follow a convolution are folded into it.

    ``levels``: kernel ``[D, C_i]`` and bias ``[D]`` per level; ``fusion`` ``[D, levels * D]`` and
    ``fusion_bias`` ``[D]``; ``classify`` ``[K, D]`` and ``classify_bias`` ``[K]`` or None.
    """

    levels: list[tuple[Tensor, Tensor]]
    fusion: Tensor
    fusion_bias: Tensor
    classify: Tensor
    classify_bias: Tensor | None


def fusion_head(
    maps: Sequence[Tensor],
    weights: FusionHeadWeights,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
) -> Tensor:
    """Compute the head; the reference for :func:`fusion_head_in_strips`.

    Args:
        maps: One map ``[B, C_i, h_i, w_i]`` per level, the largest first.
        weights: The layers' weights; a ReLU follows every level's kernel, and the fusion.
        mode: How levels are resized to the first one's size, as in ``F.interpolate``.
        align_corners: As in ``F.interpolate``; must be None for modes that do not take it.

    Returns:
        Scores ``[B, K, h_0, w_0]``.
    """
    hidden = [
        pointwise(level, *layer).relu() for level, layer in zip(maps, weights.levels, strict=True)
    ]
    fused = fuse_levels(hidden, weights.fusion, mode, align_corners)
    fused = (fused + weights.fusion_bias[:, None, None]).relu()
    return pointwise(fused, weights.classify, weights.classify_bias)


def fusion_head_in_strips(
    maps: Sequence[Tensor],
    weights: FusionHeadWeights,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
) -> Tensor:
    """The same function, computed in strips of rows that stay in cache.

    For inference: no gradient, and none of the four maps with ``D`` channels at full resolution.
    Resizing is separable: of the lower levels, the rows that a strip looks at are resized to full
    width, and a small matrix blends them. Any mode of ``F.interpolate`` works in this way.
    """
    images = zip(*(level.split(1) for level in maps), strict=True)
    outs = [_image_in_strips(image, weights, mode, align_corners) for image in images]
    return outs[0] if len(outs) == 1 else torch.cat(outs)


def _image_in_strips(
    maps: Sequence[Tensor], weights: FusionHeadWeights, mode: str, align_corners: bool | None
) -> Tensor:
    _, _, h, w = maps[0].shape
    channels = weights.fusion.shape[0]
    kernel, *low_kernels = weights.fusion.split(channels, dim=1)
    resize = partial(F.interpolate, mode=mode, align_corners=align_corners)
    lows = [
        _LowLevel(pointwise(pointwise(level, *layer).relu_(), low_kernel), (h, w), resize)
        for level, layer, low_kernel in zip(maps[1:], weights.levels[1:], low_kernels, strict=True)
    ]
    tokens = maps[0].permute(0, 2, 3, 1).reshape(h * w, -1)
    out = tokens.new_empty(h * w, weights.classify.shape[0])
    rows = max(1, times_cache(_STRIP) // (w * channels * tokens.element_size()))
    for top in range(0, h, rows):
        bottom = min(top + rows, h)
        strip = slice(top * w, bottom * w)
        hidden = linear(tokens[strip], *weights.levels[0]).relu_()
        fused = linear(hidden, kernel, weights.fusion_bias)
        for low in lows:
            low.add_rows(fused.view(bottom - top, -1), top, bottom)
        out[strip] = linear(fused.relu_(), weights.classify, weights.classify_bias)
    return out.view(1, h, w, -1).permute(0, 3, 1, 2)


class _LowLevel:
    """A fused lower level ``[1, D, h_i, w_i]`` that is added to strips of the first one's size.

    Resizing is separable: rows are resized to full width, and a matrix ``[h_0, h_i]`` blends them.
    """

    def __init__(self, fused: Tensor, hw: tuple[int, int], resize: Callable[..., Tensor]) -> None:
        self.fused, self.width, self.resize = fused, hw[1], resize
        # What resizing does to rows, seen on an image whose rows are the unit vectors.
        h = fused.shape[2]
        unit = torch.eye(h, dtype=fused.dtype, device=fused.device)
        self.blend = resize(unit[None, None], (hw[0], h))[0, 0]

    def add_rows(self, strip: Tensor, top: int, bottom: int) -> None:
        """Add rows ``top`` to ``bottom`` at full size to ``[bottom - top, w_0 * D]``, in place."""
        blend = self.blend[top:bottom]
        used = blend.any(dim=0).nonzero()
        first, last = int(used[0]), int(used[-1]) + 1
        wide = self.resize(self.fused[:, :, first:last], (last - first, self.width))
        strip.addmm_(blend[:, first:last], wide.permute(0, 2, 3, 1).reshape(last - first, -1))
