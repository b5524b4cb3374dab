"""Neighbor merging: average pooling over adjacent tokens, undone by nearest neighbor."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from ..ops import to_map, to_tokens
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
        return _ceil_div(hw[0], sy) * _ceil_div(hw[1], sx)

    def num_pairs(self, hw: tuple[int, int]) -> int:
        """None: tokens are not compared."""
        return 0

    def plan(self, tokens: Tensor, hw: tuple[int, int]) -> Plan:
        """Plan for a map of ``hw`` tokens; the tokens themselves do not matter."""
        return Pooling2dPlan(hw, self._window)


@dataclass(frozen=True)
class Pooling2dPlan:
    """Pool a map of ``hw`` tokens with windows of ``stride``, both (height, width)."""

    hw: tuple[int, int]
    stride: tuple[int, int]

    def merge(self, tokens: Tensor) -> Tensor:
        """Average ``[B, h * w, C]`` to ``[B, M, C]``."""
        token_map = to_map(tokens, self.hw)
        return to_tokens(F.avg_pool2d(token_map, self.stride, ceil_mode=True))

    def unmerge(self, merged: Tensor) -> Tensor:
        """Copy ``[B, M, C]`` to ``[B, h * w, C]``."""
        (h, w), (sy, sx) = self.hw, self.stride
        pooled_hw = (_ceil_div(h, sy), _ceil_div(w, sx))
        return to_tokens(F.interpolate(to_map(merged, pooled_hw), self.hw, mode='nearest'))


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
        return _ceil_div(hw[0] * hw[1], self.stride)

    def num_pairs(self, hw: tuple[int, int]) -> int:
        """None: tokens are not compared."""
        return 0

    def plan(self, tokens: Tensor, hw: tuple[int, int]) -> Plan:
        """Plan for a map of ``hw`` tokens; the tokens themselves do not matter."""
        return Pooling1dPlan(hw[0] * hw[1], self.stride)


@dataclass(frozen=True)
class Pooling1dPlan:
    """Pool ``length`` tokens with windows of ``stride`` tokens."""

    length: int
    stride: int

    def merge(self, tokens: Tensor) -> Tensor:
        """Average ``[B, N, C]`` to ``[B, M, C]``."""
        pooled = F.avg_pool1d(tokens.transpose(1, 2), self.stride, ceil_mode=True)
        return pooled.transpose(1, 2)

    def unmerge(self, merged: Tensor) -> Tensor:
        """Copy ``[B, M, C]`` to ``[B, N, C]``."""
        return F.interpolate(merged.transpose(1, 2), self.length, mode='nearest').transpose(1, 2)


def _ceil_div(n: int, stride: int) -> int:
    # Of positive numbers alone: exporters to ONNX round quotients of negative ones otherwise.
    return (n + stride - 1) // stride
