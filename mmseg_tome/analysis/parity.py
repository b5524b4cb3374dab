"""Are the outputs of a model those of the reference? Asked before any speed is reported."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import torch
from torch import Tensor, nn

from ..merging import BipartiteSoftMatching, Plan
from ..strategies import PRESETS
from .implementations import FUSED, STOCK, Column
from .workload import Cell, make_run, torch_settings

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


def has_reference(column: Column) -> bool:
    """Whether there is something that the model must compute the same as."""
    return column.make in ('ours', 'graphed', 'compiled')


def compare_with_reference(
    cell: Cell, column: Column, image: Tensor, error_of_fused: Callable[[], float]
) -> float:
    """Compare a model with its reference in fp32, then with itself in the cell's dtype.

    Ours are compared with stock and tomesd, and those that replay graphs with ours.

    Args:
        cell: What is measured.
        column: The model.
        image: ``[1, 3, H, W]`` in fp32.
        error_of_fused: Gives what :func:`fused_error` returns.

    Returns:
        The relative difference to the reference; of outputs, or in training of all gradients.

    Raises:
        ParityError: If one of the differences is too large.
    """
    exact, model, held = replace(cell, dtype='fp32'), cell.build(column), FrozenMatches()
    with held.recorded() if column.make == 'ours' else nullcontext():
        own = _results(exact, column, model, image)
    reference = _reference_of(column)
    expected = _results(exact, reference, cell.build(reference), image)
    difference = check_parity(column, relative_difference(own, expected))
    if column.make == 'ours' and cell.dtype != 'fp32':
        with torch_settings(cell.dtype), held.used():
            low = _results(cell, column, cell.cast(model), cell.cast(image))
        check_low_precision(column, relative_difference(low, own), error_of_fused())
    return difference


def fused_error(cell: Cell, image: Tensor) -> float:
    """What the cell's dtype changes in stock SegFormer with fused attention, relative to fp32."""
    model = cell.build(FUSED)
    exact = _results(replace(cell, dtype='fp32'), FUSED, model, image)
    with torch_settings(cell.dtype):
        low = _results(cell, FUSED, cell.cast(model), cell.cast(image))
    return relative_difference(low, exact)


def _reference_of(column: Column) -> Column:
    if column.make != 'ours':
        return Column('ours', column.strategy)
    return STOCK if column.strategy == 'none' else Column('stock', column.strategy)


def _results(cell: Cell, column: Column, model: nn.Module, image: Tensor) -> list[Tensor]:
    """The outputs, or of a training step the gradients of all parameters."""
    out = make_run(cell, column, model.train(cell.train), image)()
    if cell.train:
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        model.zero_grad(set_to_none=True)  # or a cast of the model would cast them
        return gradients
    return [out] if isinstance(out, Tensor) else list(out)


class FrozenMatches:
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
