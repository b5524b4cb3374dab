"""Bipartite soft matching: merge the most similar tokens into a regular grid of destinations."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..ops import (
    Members,
    assign_slots,
    best_local_match,
    best_match,
    count_tokens,
    merge_tokens,
    unmerge_tokens,
)
from .base import KeepAll, Plan, check_positive_int
from .cells import partition


@dataclass(frozen=True)
class BipartiteSoftMatching:
    """Merge the share ``r`` of the tokens into their most similar destination token.

    The top-left token of every ``sy x sx`` cell is a destination, all others are sources, also
    those right of and below the last whole cell. Every source finds the destination of highest
    cosine similarity; the ``int(r * N)`` sources with the highest similarities are averaged into
    theirs, the others stay. A map smaller than one cell has no destination and is left as it is.

    With a window, a source is compared with the destinations of its own cell and of those around it
    alone, which takes an effort linear in the number of tokens. Sources right of and below the last
    whole cell count to the nearest one. Of equal similarities the first in raster order wins.

    Args:
        r: Reduction rate, the share of all tokens that is merged away: ``0 <= r < 1`` and at most
            the share of sources, ``1 - 1 / (sx * sy)``.
        sx: Width of a cell in tokens.
        sy: Height of a cell in tokens.
        window: Side, in cells, of the square around a source's own cell whose destinations it is
            compared with, clipped at the border: an odd int, such as 3 for a cell and its eight
            neighbors. None for all destinations, as published.

    Raises:
        ValueError: If a setting is outside of these bounds.

    Source: Sec. III-B; ``bipartite_soft_matching_random2d(..., no_rand=True)`` of tomesd.
    """

    r: float
    sx: int
    sy: int
    window: int | None = None

    def __post_init__(self) -> None:
        check_positive_int('sx', self.sx)
        check_positive_int('sy', self.sy)
        if self.window is not None:
            check_positive_int('window', self.window)
            if self.window % 2 == 0:
                raise ValueError(
                    f'window = {self.window!r} is not allowed: give an odd number, so that a '
                    "source's own cell is in the middle"
                )
        if isinstance(self.r, bool) or not isinstance(self.r, (int, float)) or not 0 <= self.r < 1:
            raise ValueError(f'r = {self.r!r} is not allowed: give a number with 0 <= r < 1')
        largest = 1 - 1 / (self.sx * self.sy)
        if self.r > largest + 1e-9:  # 8/9 and 1 - 1/9 differ in their last bit
            raise ValueError(
                f'r = {self.r!r} is not allowed: with sx = {self.sx} and sy = {self.sy}, one token '
                f'in {self.sx * self.sy} is a destination and stays, so r can be at most '
                f'{largest:.4g}; lower r or enlarge the cell'
            )

    def num_merged(self, hw: tuple[int, int]) -> int:
        """How many tokens of a map of ``(h, w)`` tokens are merged away."""
        h, w = hw
        has_destination = h >= self.sy and w >= self.sx
        return _floor(h * w, self.r) if has_destination else 0

    def num_tokens(self, hw: tuple[int, int]) -> int:
        """How many tokens are left of a map of ``(h, w)`` tokens."""
        return hw[0] * hw[1] - self.num_merged(hw)

    def num_pairs(self, hw: tuple[int, int]) -> int:
        """How many pairs are compared: ``|A| |B|``, or each source with those in its window."""
        if not self.num_merged(hw):
            return 0
        h, w = hw
        rows, columns = h // self.sy, w // self.sx
        if self.window is None:
            return (h * w - rows * columns) * rows * columns
        # What all tokens look at, rows times columns, less what destinations would.
        down, across = _seen(rows, self.window), _seen(columns, self.window)
        tokens_down = self.sy * sum(down) + (h - rows * self.sy) * down[-1]
        tokens_across = self.sx * sum(across) + (w - columns * self.sx) * across[-1]
        return tokens_down * tokens_across - sum(down) * sum(across)

    def plan(self, tokens: Tensor, hw: tuple[int, int]) -> Plan:
        """Match the tokens ``[B, h * w, C]``; see the class."""
        num_merged = self.num_merged(hw)
        if num_merged == 0:
            return KeepAll()
        slot, members = self._assign(tokens.detach(), hw, num_merged)
        return SlotPlan(slot, self.num_tokens(hw), members)

    def _assign(
        self, tokens: Tensor, hw: tuple[int, int], num_merged: int
    ) -> tuple[Tensor, Members | None]:
        """Give every token its slot: first the sources that stay, then the destinations."""
        src_index, dst_index = partition(*hw, self.sx, self.sy, tokens.device)
        if self.window is None or _covers(self.window, hw[0] // self.sy, hw[1] // self.sx):
            score, match = best_match(tokens, src_index, dst_index)
        else:
            cell = (self.sy, self.sx)
            score, match = best_local_match(tokens, src_index, hw, cell, self.window)
        return assign_slots(score, match, src_index, dst_index, num_merged)


@dataclass(frozen=True, eq=False)
class SlotPlan:
    """Tokens that share a slot are averaged; every token gets its slot's value back.

    Args:
        slot: The slot of every token, ``[B, N]``.
        num_slots: The number of slots ``M``.
        members: The tokens of the slots, where a kernel found them.
    """

    slot: Tensor
    num_slots: int
    members: Members | None = None

    def merge(self, tokens: Tensor) -> Tensor:
        """Average ``[B, N, C]`` to ``[B, M, C]``."""
        return merge_tokens(tokens, self.slot, self.num_slots, self.members)

    def unmerge(self, merged: Tensor) -> Tensor:
        """Copy ``[B, M, C]`` to ``[B, N, C]``."""
        return unmerge_tokens(merged, self.slot, self.members)

    def sizes(self) -> Tensor:
        """Count the tokens of every slot, ``[B, M]``."""
        return count_tokens(self.slot, self.num_slots, self.members)


def _covers(window: int, rows: int, columns: int) -> bool:
    """Whether every cell sees all others, as far as that is known: an exported size is not."""
    known = isinstance(rows, int) and isinstance(columns, int)
    return known and max(rows, columns) <= window // 2 + 1


def _seen(cells: int, window: int) -> list[int]:
    """How many cells of a row of ``cells`` are within the window of each of them."""
    half = window // 2
    return [min(i + half, cells - 1) - max(i - half, 0) + 1 for i in range(cells)]


def _floor(n: int, share: float) -> int:
    """``int(n * share)``, also where ``torch.jit.trace`` has tensors in place of sizes."""
    if isinstance(n, Tensor):
        return (n.double() * share).long()  # in fp64, as Python computes it
    whole: int = torch.sym_int(n * share)
    return whole
