"""SegFormer's head in row tiles, for inference.

None of the four maps with ``D`` channels at full resolution is written. Resizing is separable: of
the lower levels, the rows that a tile looks at are resized to full width, and a small matrix blends
them. Any mode of ``F.interpolate`` works in this way.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from ..fuse import is_affine_and_relu, pointwise
from ..matmul import linear
from ..weights import FusionHeadWeights, PointwiseLayer
from .row_tiles import times_cache

# A tile of the fused map takes about so many second-level caches: small, so that it and the hidden
# layer beside it stay in cache, yet large enough a matrix product. From 1 to 2 times are within
# 10 %.
_TILE = 1.5


def is_foldable(weights: FusionHeadWeights) -> bool:
    """Whether the layers before the last are affine and ReLU: true of usual heads in eval mode."""
    return all(is_affine_and_relu(layer) for layer in (*weights.levels, weights.fusion))


def _fold_norm(layer: PointwiseLayer) -> tuple[Tensor, Tensor]:
    """The kernel ``[D, C]`` and bias ``[D]`` that do what a convolution and its norm do."""
    weight, bias, norm = layer.weight.flatten(1), layer.bias, layer.norm
    if norm is None:
        return weight, weight.new_zeros(len(weight)) if bias is None else bias
    assert isinstance(norm, _BatchNorm) and norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var + norm.eps).rsqrt()
    if norm.affine:
        scale = scale * norm.weight
    shift = -norm.running_mean * scale if bias is None else (bias - norm.running_mean) * scale
    if norm.affine:
        shift = shift + norm.bias
    return weight * scale[:, None].to(weight.dtype), shift.to(weight.dtype)


def fusion_head_in_row_tiles(
    maps: Sequence[Tensor],
    weights: FusionHeadWeights,
    mode: str = 'bilinear',
    align_corners: bool | None = False,
) -> Tensor:
    """See :func:`mmseg_tome.ops.fusion_head`; the layers are foldable."""
    fusion = _fold_norm(weights.fusion)
    folded = [_fold_norm(layer) for layer in weights.levels]
    levels: Sequence[tuple[Tensor, Tensor] | None] = folded or [None] * len(maps)
    classify = (weights.classify.weight.flatten(1), weights.classify.bias)
    images = zip(*(level.split(1) for level in maps), strict=True)
    resize = partial(F.interpolate, mode=mode, align_corners=align_corners)
    outs = [_image_in_row_tiles(image, levels, fusion, classify, resize) for image in images]
    return outs[0] if len(outs) == 1 else torch.cat(outs)


def _image_in_row_tiles(
    maps: Sequence[Tensor],
    levels: Sequence[tuple[Tensor, Tensor] | None],
    fusion: tuple[Tensor, Tensor],
    classify: tuple[Tensor, Tensor | None],
    resize: Callable[..., Tensor],
) -> Tensor:
    _, _, h, w = maps[0].shape
    channels = fusion[0].shape[0]
    widths = [
        level.shape[1] if layer is None else layer[0].shape[0]
        for level, layer in zip(maps, levels, strict=True)
    ]
    kernel, *low_kernels = fusion[0].split(widths, dim=1)
    lows = [
        _LowLevel(pointwise(_widened(level, layer), low_kernel), (h, w), resize)
        for level, layer, low_kernel in zip(maps[1:], levels[1:], low_kernels, strict=True)
    ]
    tokens = maps[0].permute(0, 2, 3, 1).reshape(h * w, -1)
    out = tokens.new_empty(h * w, classify[0].shape[0])
    rows = max(1, times_cache(_TILE) // (w * channels * tokens.element_size()))
    for top in range(0, h, rows):
        bottom = min(top + rows, h)
        tile = slice(top * w, bottom * w)
        hidden = tokens[tile] if levels[0] is None else linear(tokens[tile], *levels[0]).relu_()
        fused = linear(hidden, kernel, fusion[1])
        for low in lows:
            low.add_rows(fused.view(bottom - top, -1), top, bottom)
        out[tile] = linear(fused.relu_(), *classify)
    return out.view(1, h, w, -1).permute(0, 3, 1, 2)


def _widened(level: Tensor, layer: tuple[Tensor, Tensor] | None) -> Tensor:
    return level if layer is None else pointwise(level, *layer).relu_()


class _LowLevel:
    """A fused lower level ``[1, D, h_i, w_i]`` that is added to tiles of the first one's size.

    Resizing is separable: rows are resized to full width, and a matrix ``[h_0, h_i]`` blends them.
    """

    def __init__(self, fused: Tensor, hw: tuple[int, int], resize: Callable[..., Tensor]) -> None:
        self.fused, self.width, self.resize = fused, hw[1], resize
        # What resizing does to rows, seen on an image whose rows are the unit vectors.
        h = fused.shape[2]
        unit = torch.eye(h, dtype=fused.dtype, device=fused.device)
        self.blend = resize(unit[None, None], (hw[0], h))[0, 0]

    def add_rows(self, tile: Tensor, top: int, bottom: int) -> None:
        """Add rows ``top`` to ``bottom`` at full size to ``[bottom - top, w_0 * D]``, in place."""
        blend = self.blend[top:bottom]
        used = blend.any(dim=0).nonzero()
        first, last = int(used[0]), int(used[-1]) + 1
        wide = self.resize(self.fused[:, :, first:last], (last - first, self.width))
        tile.addmm_(blend[:, first:last], wide.permute(0, 2, 3, 1).reshape(last - first, -1))
