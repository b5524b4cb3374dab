"""Bipartite soft matching: merge the most similar tokens into a regular grid of destinations."""

from dataclasses import dataclass

from torch import Tensor

from ..ops import Members, assign_slots, best_match, merge_tokens, unmerge_tokens
from .base import KeepAll, Plan, check_positive_int
from .cells import partition


@dataclass(frozen=True)
class BipartiteSoftMatching:
    """Merge the share ``r`` of the tokens into their most similar destination token.

    The top-left token of every ``sy x sx`` cell is a destination, all others are sources, also
    those right of and below the last whole cell. Every source finds the destination of highest
    cosine similarity; the ``int(r * N)`` sources with the highest similarities are averaged into
    theirs, the others stay. A map smaller than one cell has no destination and is left as it is.

    Args:
        r: Reduction rate, the share of all tokens that is merged away: ``0 <= r < 1`` and at most
            the share of sources, ``1 - 1 / (sx * sy)``.
        sx: Width of a cell in tokens.
        sy: Height of a cell in tokens.

    Raises:
        ValueError: If a setting is outside of these bounds.

    Source: Sec. III-B; ``bipartite_soft_matching_random2d(..., no_rand=True)`` of tomesd.
    """

    r: float
    sx: int
    sy: int

    def __post_init__(self) -> None:
        check_positive_int('sx', self.sx)
        check_positive_int('sy', self.sy)
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
        """How many pairs are compared, every source with every destination: ``|A| |B|``."""
        if not self.num_merged(hw):
            return 0
        destinations = (hw[0] // self.sy) * (hw[1] // self.sx)
        return (hw[0] * hw[1] - destinations) * destinations

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
        score, match = best_match(tokens, src_index, dst_index)
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


def _floor(n: int, share: float) -> int:
    """``int(n * share)``, also where ``torch.jit.trace`` has tensors in place of sizes."""
    if isinstance(n, Tensor):
        return (n.double() * share).long()  # in fp64, as Python computes it
    return int(n * share)
