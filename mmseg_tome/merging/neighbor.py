"""Neighbor merging: average pooling over adjacent tokens, undone by nearest neighbor."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..ops import pool_tokens, unpool_tokens
from ..ops.pool import ceil_div, window_lengths, window_sizes
from .base import Plan, check_positive_int


@dataclass(frozen=True)
class NeighborPooling2d:
    """Average every ``stride_y x stride_x`` window of the token map.

    Windows at the right and lower border may be smaller. Unmerging interpolates by nearest
    neighbor. The decision depends on the positions alone.

    Args:
        stride: Height and width of a window in tokens; an int stands for both.

    Raises:
        ValueError: If a stride is not a positive int.

    Source: Sec. III-B, Fig. 2c.
    """

    stride: int | tuple[int, int]

    def __post_init__(self) -> None:
        pair = (self.stride, self.stride) if isinstance(self.stride, int) else self.stride
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(
                f's = {self.stride!r} is not allowed: give a positive integer or a pair of them '
                '(height, width)'
            )
        for value in pair:
            check_positive_int('s', value)
        object.__setattr__(self, 'stride', tuple(pair))

    @property
    def _window(self) -> tuple[int, int]:
        assert isinstance(self.stride, tuple)  # as __post_init__ leaves it
        return self.stride

    def num_tokens(self, hw: tuple[int, int]) -> int:
        """How many tokens are left of a map of ``(h, w)`` tokens."""
        sy, sx = self._window
        return ceil_div(hw[0], sy) * ceil_div(hw[1], sx)

    def num_pairs(self, hw: tuple[int, int]) -> int:
        """None: tokens are not compared."""
        return 0

    def plan(self, tokens: Tensor, hw: tuple[int, int]) -> Plan:
        """Plan for a map of ``hw`` tokens; the tokens themselves do not matter."""
        return Pooling2dPlan(hw, self._window, tokens.device)


@dataclass(frozen=True)
class Pooling2dPlan:
    """Pool a map of ``hw`` tokens with windows of ``stride``, both (height, width)."""

    hw: tuple[int, int]
    stride: tuple[int, int]
    device: torch.device

    def merge(self, tokens: Tensor) -> Tensor:
        """Average ``[B, h * w, C]`` to ``[B, M, C]``."""
        return pool_tokens(tokens, self.hw, self.stride)

    def unmerge(self, merged: Tensor) -> Tensor:
        """Copy ``[B, M, C]`` to ``[B, h * w, C]``."""
        return unpool_tokens(merged, self.hw, self.stride)

    def sizes(self) -> Tensor | None:
        """Count the tokens of each window, ``[1, M]``; None without smaller ones at the borders."""
        (h, w), (sy, sx) = self.hw, self.stride
        if _is_multiple(h, sy) and _is_multiple(w, sx):
            return None
        return window_sizes(self.hw, self.stride, self.device)


@dataclass(frozen=True)
class NeighborPooling1d:
    """Average every ``stride`` tokens that follow each other in raster order.

    Args:
        stride: The number of tokens in a window; the last one may be smaller.

    Raises:
        ValueError: If the stride is not a positive int.

    Source: Sec. III-B, the one-dimensional case.
    """

    stride: int

    def __post_init__(self) -> None:
        check_positive_int('s', self.stride)

    def num_tokens(self, hw: tuple[int, int]) -> int:
        """How many tokens are left of a map of ``(h, w)`` tokens."""
        return ceil_div(hw[0] * hw[1], self.stride)

    def num_pairs(self, hw: tuple[int, int]) -> int:
        """None: tokens are not compared."""
        return 0

    def plan(self, tokens: Tensor, hw: tuple[int, int]) -> Plan:
        """Plan for a map of ``hw`` tokens; the tokens themselves do not matter."""
        return Pooling1dPlan(hw[0] * hw[1], self.stride, tokens.device)


@dataclass(frozen=True)
class Pooling1dPlan:
    """Pool ``length`` tokens with windows of ``stride`` tokens."""

    length: int
    stride: int
    device: torch.device

    def merge(self, tokens: Tensor) -> Tensor:
        """Average ``[B, N, C]`` to ``[B, M, C]``."""
        pooled = F.avg_pool1d(tokens.transpose(1, 2), self.stride, ceil_mode=True)
        return pooled.transpose(1, 2)

    def unmerge(self, merged: Tensor) -> Tensor:
        """Copy ``[B, M, C]`` to ``[B, N, C]``."""
        return F.interpolate(merged.transpose(1, 2), self.length, mode='nearest').transpose(1, 2)

    def sizes(self) -> Tensor | None:
        """Count the tokens of each window, ``[1, M]``; None without a smaller one at the end."""
        if _is_multiple(self.length, self.stride):
            return None
        return window_lengths(self.length, self.stride, self.device)[None]


def _is_multiple(n: int, stride: int) -> bool:
    """Whether the windows are all full, as far as that is known: an exported size is not."""
    return isinstance(n, int) and n % stride == 0
