"""The interface that all merging algorithms share."""

from typing import Protocol

from torch import Tensor


class Plan(Protocol):
    """What one algorithm decided for one batch of token maps."""

    def merge(self, tokens: Tensor) -> Tensor:
        """Shorten ``[B, N, C]`` to ``[B, M, C]``."""

    def unmerge(self, merged: Tensor) -> Tensor:
        """Lengthen ``[B, M, C]`` to ``[B, N, C]``; the channels may differ from ``merge``'s."""

    def sizes(self) -> Tensor | None:
        """How many tokens each slot stands for, ``[B or 1, M]`` in fp32; None if all are equal."""


class Merging(Protocol):
    """An algorithm with its settings."""

    def num_tokens(self, hw: tuple[int, int]) -> int:
        """How many tokens are left of a map of ``(h, w)`` tokens."""

    def num_pairs(self, hw: tuple[int, int]) -> int:
        """How many pairs of tokens are compared to decide."""

    def plan(self, tokens: Tensor, hw: tuple[int, int]) -> Plan:
        """Decide what to merge, given the tokens ``[B, h * w, C]`` in raster order."""


class KeepAll:
    """The plan that merges nothing."""

    def merge(self, tokens: Tensor) -> Tensor:
        """Return the tokens ``[B, N, C]`` themselves."""
        return tokens

    def unmerge(self, merged: Tensor) -> Tensor:
        """Return what was not merged, ``[B, N, C]``, itself."""
        return merged

    def sizes(self) -> None:
        """None: every slot holds one token."""


def check_positive_int(field: str, value: object) -> None:
    """Raise ValueError unless the value is an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f'{field} = {value!r} is not allowed: give a positive integer')
