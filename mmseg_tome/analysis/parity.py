"""Are the outputs of a model those of the reference? Asked before any speed is reported."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from ..merging import BipartiteSoftMatching, Plan
from ..presets import PRESETS
from .segmentors import Column

# Relative differences in fp32. A near-tie of two similarities may be decided differently after
# rounding, and then moves a few tokens to another slot: matching may differ by more.
_ROUNDING, _NEAR_TIES = 1e-4, 2e-2


class ParityError(AssertionError):
    """A model's outputs are not those of its reference."""


def relative_difference(actual: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """Norm of the difference over the norm of the expected tensors; NaN stays NaN."""
    a, e = (torch.cat([t.double().flatten() for t in ts]) for ts in (actual, expected))
    return ((a - e).norm() / e.norm().clamp_min(1e-30)).item()


def check_parity(column: Column, difference: float) -> float:
    """Return the relative difference in fp32 if it can come from rounding.

    Raises:
        ParityError: If it is larger.
    """
    matches = any('bsm' in stage.values() for stage in PRESETS[column.strategy].stages)
    allowed = _NEAR_TIES if matches else _ROUNDING
    if not difference <= allowed:
        raise ParityError(
            f'{column}: its output differs from the reference by {difference:.2g} (relative), '
            f'{allowed:g} is allowed; no time is reported for a model that computes something else'
        )
    return difference


def check_low_precision(column: Column, error: float, fused_error: float) -> None:
    """Compare a model's error in low precision with that of stock SegFormer with fused attention.

    Raises:
        ParityError: If it is more than twice as large.
    """
    if not error <= 2 * fused_error:
        raise ParityError(
            f'{column}: low precision changes its output by {error:.2g} (relative), more than '
            f'twice what it changes stock with fused attention ({fused_error:.2g})'
        )


class HeldMatches:
    """Plans of one forward pass, which other passes can use instead of matching anew.

    In low precision near-ties are decided differently, and outputs say nothing about the arithmetic
    unless the matches are held fixed.
    """

    def __init__(self) -> None:
        self.plans: list[Plan] = []

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Keep the plans that are made inside."""
        self.plans.clear()
        original = BipartiteSoftMatching.plan

        def plan(algorithm: BipartiteSoftMatching, tokens: Tensor, hw: tuple[int, int]) -> Plan:
            self.plans.append(original(algorithm, tokens, hw))
            return self.plans[-1]

        with _replaced(plan):
            yield

    @contextmanager
    def used(self) -> Iterator[None]:
        """Use the recorded plans inside, in their order."""
        plans = iter(self.plans)
        with _replaced(lambda algorithm, tokens, hw: next(plans)):
            yield


@contextmanager
def _replaced(plan) -> Iterator[None]:
    original = BipartiteSoftMatching.plan
    BipartiteSoftMatching.plan = plan
    try:
        yield
    finally:
        BipartiteSoftMatching.plan = original
