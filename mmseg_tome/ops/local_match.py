"""Which destination token around it is each source token most similar to?"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .dispatch import call_kernel, runs_kernel
from .index_cache import IndexCache

# What F.normalize divides shorter tokens by.
_LEAST_LENGTH = 1e-12


@torch.no_grad()
def best_local_match(
    tokens: Tensor, src_index: Tensor, hw: tuple[int, int], cell: tuple[int, int], window: int
) -> tuple[Tensor, Tensor]:
    """Find the most similar destination in the cells around it for every source token.

    The destination of a cell is its top-left token. Time and memory are linear in the number of
    tokens. Scores are those of :func:`mmseg_tome.ops.best_match`, but for rounding.

    Args:
        tokens: All tokens, ``[B, h * w, C]``.
        src_index: Which of them are sources, ``[A]``.
        hw: Height and width of the map, at least a cell's.
        cell: Height and width of a cell.
        window: Side in cells, an odd number, of the square around a source's own cell in which it
            looks, clipped at the border. Sources beyond the last whole cell count to the nearest.

    Returns:
        The similarity of the best match, ``[B, A]`` in fp32 (fp64 for fp64 tokens), and its place
        among the destinations of the whole map in raster order, ``[B, A]``. Of equals, the first
        wins.
    """
    if runs_kernel(tokens):
        score, match = call_kernel('best_local_match', tokens, src_index, *hw, *cell, window)
        return score, match
    around = _surroundings(*hw, *cell, window, tokens.device)
    place = around.place.index_select(0, src_index)
    with torch.autocast(tokens.device.type, enabled=False):
        dtype = torch.promote_types(tokens.dtype, torch.float32)
        tokens = tokens.to(dtype)
        # Of every cell: its candidates [window * window, C] times its members [C, sy * sx], which
        # are divided by their lengths only after the best is known: that changes none.
        candidates, members = (_rows(tokens, index) for index in around[:2])
        candidates = F.normalize(candidates, dim=-1)
        scores = (candidates @ members.transpose(2, 3)).masked_fill_(
            around.is_beyond, float('-inf')
        )
        best = scores.max(dim=-2)
        lengths = tokens.norm(dim=-1).index_select(1, src_index).clamp_min(_LEAST_LENGTH)
    match = around.cells.expand(tokens.shape[0], -1, -1).gather(2, best.indices)
    score = best.values.flatten(1).index_select(1, place) / lengths
    return score, match.flatten(1).index_select(1, place)


class _Surroundings(NamedTuple):
    """Who is compared with whom, cell by cell.

    Cells that the border cuts off are cells here; their members look around from the nearest whole
    one. Members beyond the border, and candidates, stand for any token.

    Args:
        candidates: The destinations near each cell, ``[cells, window ** 2]``.
        members: The tokens of each cell, ``[cells, sy * sx]``.
        cells: Which whole cells the candidates are of, ``[cells, window ** 2]``.
        is_beyond: Which candidates the border cuts off, ``[cells, window ** 2, 1]``.
        place: Where each token is among the members, ``[N]``.
    """

    candidates: Tensor
    members: Tensor
    cells: Tensor
    is_beyond: Tensor
    place: Tensor


@IndexCache
def _surroundings(
    h: int, w: int, sy: int, sx: int, window: int, device: torch.device
) -> _Surroundings:
    # By broadcasting and without quotients by `h` and `w`, so that it can be exported for any size.
    whole_y, whole_x = h // sy, w // sx
    all_y, all_x = (h + sy - 1) // sy, (w + sx - 1) // sx
    # Axes: row of cells, column of cells, row within a cell or window, column within it.
    row = torch.arange(all_y, device=device)[:, None, None, None]
    column = torch.arange(all_x, device=device)[:, None, None]
    shift = torch.arange(window, device=device) - window // 2
    near_y = row.clamp(max=whole_y - 1) + shift[:, None]
    near_x = column.clamp(max=whole_x - 1) + shift
    is_beyond = (near_y < 0) | (near_y >= whole_y) | (near_x < 0) | (near_x >= whole_x)
    near_y, near_x = near_y.clamp(0, whole_y - 1), near_x.clamp(0, whole_x - 1)
    member_y = (row * sy + torch.arange(sy, device=device)[:, None]).clamp(max=h - 1)
    member_x = (column * sx + torch.arange(sx, device=device)).clamp(max=w - 1)
    y, x = torch.arange(h, device=device)[:, None], torch.arange(w, device=device)
    place = ((y // sy * all_x + x // sx) * sy + y % sy) * sx + x % sx
    return _Surroundings(
        _by_cells(near_y * sy * w + near_x * sx),
        _by_cells(member_y * w + member_x),
        _by_cells(near_y * whole_x + near_x),
        _by_cells(is_beyond)[..., None],
        place.flatten(),
    )


def _by_cells(index: Tensor) -> Tensor:
    return index.flatten(2).flatten(0, 1)


def _rows(tokens: Tensor, index: Tensor) -> Tensor:
    """Select tokens ``[B, N, C]`` by indices ``[cells, K]``: ``[B, cells, K, C]``."""
    rows: Tensor = tokens.index_select(1, index.flatten()).unflatten(1, index.shape)
    return rows
