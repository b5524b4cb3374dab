"""Which tokens of a map are destinations, one in every whole cell, and which are sources."""

import torch
from torch import Tensor

from ..ops.index_cache import IndexCache


@IndexCache
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
    # By broadcasting and without quotients of `h` and `w`, so that it can be exported for any size.
    cells_y, cells_x = h // sy, w // sx
    row = torch.arange(h, device=device)[:, None]
    column = torch.arange(w, device=device)
    on_dst_row = (row % sy == 0) & (row < cells_y * sy)
    is_dst = on_dst_row & (column % sx == 0) & (column < cells_x * sx)
    # Destinations before each token, in closed form: those of the rows above, then of its own row.
    dst_above = ((row + sy - 1) // sy).clamp(max=cells_y) * cells_x
    dst_left = ((column + sx - 1) // sx).clamp(max=cells_x)
    dst_before = dst_above + dst_left * on_dst_row
    index = row * w + column
    num_dst = cells_y * cells_x
    num_src = h * w - num_dst
    position = torch.where(is_dst, num_src + dst_before, index - dst_before).flatten()
    grouped = torch.zeros_like(position).scatter_(0, position, index.flatten())
    src_index, dst_index = grouped.split_with_sizes([num_src, num_dst])
    return src_index, dst_index
