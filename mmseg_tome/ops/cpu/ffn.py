"""A MixFFN in row tiles, for inference: no buffer of the hidden layer's full size."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..depthwise import depthwise_conv
from ..matmul import linear
from ..weights import FFNWeights, Layer
from .row_tiles import RowTile, row_tiles, times_cache

# A tile's hidden layer takes about so many second-level caches: it should stay in cache while four
# steps pass over it, yet have many rows beside the two that are computed twice, and be large enough
# a matrix product.
_TILE = 2.0
_MIN_ROWS = 8
# In training, more passes go over it, and more is lost by rows that are computed twice.
_TRAINING_TILE = 3.0
# Hidden layers up to this size stay in the last cache anyway, and are done at once.
_WHOLE = 3.0


def mix_ffn_in_row_tiles(
    tokens: Tensor,
    hw: tuple[int, int],
    weights: FFNWeights,
    activate: Layer = F.gelu,
    norm: Layer | None = None,
    shortcut: Tensor | None = None,
) -> Tensor:
    """See :func:`mmseg_tome.ops.mix_ffn`.

    A tile is computed with one more row above and below, which the convolution looks at. They miss
    a neighbor themselves, and belong to the next tile anyway.
    """
    rows = tile_rows(tokens, hw, weights)
    if rows is None:
        tiles = [(slice(None), RowTile(hw, 0, hw[0]))]
    else:
        images = (slice(i, i + 1) for i in range(len(tokens)))
        tiles = [(image, tile) for image in images for tile in row_tiles(hw, rows)]
    activate = _in_place(activate)
    out = torch.empty_like(tokens)
    for image, tile in tiles:
        seen = tokens[image, tile.seen]
        hidden = linear(norm(seen) if norm else seen, weights.fc1, weights.fc1_bias)
        hidden = depthwise_conv(hidden, tile.hw, weights.depthwise, weights.depthwise_bias)
        hidden = activate(hidden[:, tile.own_of_seen])
        result = linear(hidden, weights.fc2, weights.fc2_bias)
        if shortcut is None:
            out[image, tile.own] = result
        else:
            torch.add(shortcut[image, tile.own], result, out=out[image, tile.own])
    return out


def tile_rows(
    tokens: Tensor, hw: tuple[int, int], weights: FFNWeights, training: bool = False
) -> int | None:
    """Rows of a tile, or None where all is done at once."""
    h, w = hw
    row_bytes = w * weights.fc1.shape[0] * tokens.element_size()
    rows = max(_MIN_ROWS, times_cache(_TRAINING_TILE if training else _TILE) // row_bytes)
    if h <= rows or tokens.shape[0] * h * row_bytes <= times_cache(_WHOLE):
        return None
    return rows


def _in_place(activate: Layer) -> Layer:
    """The activation in place if it is GELU, for which PyTorch has no module that does it."""
    if activate is F.gelu:
        return torch.ops.aten.gelu_
    if type(activate) is nn.GELU:
        return partial(torch.ops.aten.gelu_, approximate=activate.approximate)
    return activate
