"""Row tiles: rows of a token map whose intermediate results stay in cache."""

import torch

from .machine import l2_bytes

# glibc takes larger buffers than 32 MiB from the system each time, zeroed, which costs more than
# row tiles save.
_MOST_BYTES = 16 * 2**20


def times_cache(factor: float) -> int:
    """``factor`` times what the second-level caches of the threads in use hold, in bytes.

    Sizes of row tiles are multiples of it, found on CPUs with 1 and 2 MiB for each of 2 threads.
    """
    return min(int(factor * torch.get_num_threads() * l2_bytes()), _MOST_BYTES)


class RowTile:
    """Rows ``top`` to ``bottom`` of a map, for a 3x3 convolution.

    It sees one more row on each side where there is one. ``own`` and ``seen`` are slices of the
    map's tokens, ``own_of_seen`` of those seen; ``hw`` is the size of what is seen.
    """

    def __init__(self, hw: tuple[int, int], top: int, bottom: int) -> None:
        h, w = hw
        first, last = max(top - 1, 0), min(bottom + 1, h)
        self.hw = (last - first, w)
        self.own = slice(top * w, bottom * w)
        self.seen = slice(first * w, last * w)
        self.own_of_seen = slice((top - first) * w, (bottom - first) * w)


def row_tiles(hw: tuple[int, int], rows: int) -> list[RowTile]:
    """Split a map of ``hw`` tokens into tiles of ``rows`` rows; the last one may be smaller."""
    return [RowTile(hw, top, min(top + rows, hw[0])) for top in range(0, hw[0], rows)]
