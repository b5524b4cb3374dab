"""Which tokens of a map are destinations, one in every whole cell, and which are sources."""

import torch
from torch import Tensor

from ..ops.compiling import is_tracing


def partition(h: int, w: int, sx: int, sy: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Split a map of ``h x w`` tokens into sources and destinations.

    The top-left token of every whole cell is a destination, all others are sources.

    Args:
        h: Height of the map.
        w: Width of the map.
        sx: Width of a cell.
        sy: Height of a cell.
        device: Where the indices are needed.

    Returns:
        The indices of the sources, and of the destinations, both in raster order.
    """
    # A graph computes it once for its own sizes, which may be symbolic.
    if torch.compiler.is_compiling() or is_tracing():
        return _compute(h, w, sx, sy, device)
    return _cached(h, w, sx, sy, device)


_Key = tuple[int, int, int, int, torch.device]
_Indices = tuple[Tensor, Tensor]

# The sizes used last. A CUDA graph holds addresses: what one refers to is kept for good.
_recent: dict[_Key, _Indices] = {}
_in_graphs: dict[_Key, _Indices] = {}
_MOST_RECENT = 64


def _cached(h: int, w: int, sx: int, sy: int, device: torch.device) -> _Indices:
    key = (h, w, sx, sy, device)
    if key in _in_graphs:
        return _in_graphs[key]
    capturing = _is_capturing(device)
    indices = _recent.pop(key, None)
    if indices is None:
        # An inference tensor kept in the cache could not be used by a later training step.
        with torch.inference_mode(False):
            indices = _compute(*key)
        if capturing:  # they have no values until the graph runs
            return indices
    (_in_graphs if capturing else _recent)[key] = indices
    if len(_recent) > _MOST_RECENT:
        _recent.pop(next(iter(_recent)), None)
    return indices


def _is_capturing(device: torch.device) -> bool:
    return device.type == 'cuda' and torch.cuda.is_current_stream_capturing()


def _compute(h: int, w: int, sx: int, sy: int, device: torch.device) -> _Indices:
    cells_y, cells_x = h // sy, w // sx
    index = torch.arange(h * w, device=device)
    row, column = index // w, index % w
    on_dst_row = (row % sy == 0) & (row < cells_y * sy)
    is_dst = on_dst_row & (column % sx == 0) & (column < cells_x * sx)
    # Destinations before each token, in closed form: those of the rows above, then of its own row.
    dst_above = ((row + sy - 1) // sy).clamp(max=cells_y) * cells_x
    dst_left = ((column + sx - 1) // sx).clamp(max=cells_x)
    dst_before = dst_above + dst_left * on_dst_row
    num_src = h * w - cells_y * cells_x
    position = torch.where(is_dst, num_src + dst_before, index - dst_before)
    grouped = torch.zeros_like(index).scatter_(0, position, index)
    return grouped[:num_src], grouped[num_src:]
