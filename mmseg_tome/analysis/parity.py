"""Whether a model's outputs are those of its reference, compared before any speed is reported."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from unittest import mock

import torch
from torch import Tensor, nn

from ..merging import BipartiteSoftMatching, Plan
from .implementations import Fused, Implementation
from .workload import Workload, make_run, torch_settings

# Relative differences in fp32. A near-tie of two similarities may be decided differently after
# rounding, and then moves a few tokens to another slot: matching may differ by more.
_ROUNDING, _NEAR_TIES = 1e-4, 2e-2
# Of what another program computes in a low precision, with matches of its own, on noise, where many
# similarities are nearly equal: it tells a wrong graph, and no more. The export proves the rest.
_LOW_PRECISION = 0.5


class ParityError(AssertionError):
    """A model's outputs are not those of its reference."""


def relative_difference(actual: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """Norm of the difference over the norm of the expected tensors; NaN stays NaN."""
    a, e = (torch.cat([t.double().flatten() for t in ts]) for ts in (actual, expected))
    return ((a - e).norm() / e.norm().clamp_min(1e-30)).item()


def check_parity(implementation: Implementation, difference: float) -> float:
    """Return the relative difference if it can come from rounding.

    Raises:
        ParityError: If it is larger.
    """
    allowed = _NEAR_TIES if implementation.matches else _ROUNDING
    if implementation.is_quantized:
        allowed = _LOW_PRECISION
    if not difference <= allowed:
        raise ParityError(
            f'{implementation}: its output differs from the reference by {difference:.2g} '
            f'(relative), {allowed:g} is allowed; no time is reported for a model that computes '
            'something else'
        )
    return difference


def check_low_precision(implementation: Implementation, error: float, fused_error: float) -> None:
    """Compare a model's error in low precision with that of stock SegFormer with fused attention.

    Raises:
        ParityError: If it is more than twice as large.
    """
    if not error <= 2 * fused_error:
        raise ParityError(
            f'{implementation}: low precision changes its output by {error:.2g} (relative), more '
            f'than twice what it changes stock with fused attention ({fused_error:.2g})'
        )


def check_exported(implementation: Implementation, error: float) -> None:
    """Compare a file's error in low precision with what no low precision should exceed.

    Raises:
        ParityError: If it is larger.
    """
    if not error <= _LOW_PRECISION:
        raise ParityError(
            f'{implementation}: low precision changes its output by {error:.2g} (relative), '
            f'{_LOW_PRECISION:g} is allowed'
        )


def compare_with_reference(
    workload: Workload,
    implementation: Implementation,
    reference: Implementation,
    image: Tensor,
    error_of_fused: Callable[[], float],
) -> float:
    """Compare a model with its reference in fp32, then with itself in the workload's dtype.

    Ours are compared with stock and tomesd, and those that replay graphs or are exported with ours.

    Args:
        workload: What is measured.
        implementation: What is compared.
        reference: What it must compute the same as.
        image: ``[1, 3, H, W]`` in fp32.
        error_of_fused: Gives what :func:`fused_error` returns.

    Returns:
        The relative difference to the reference; of outputs, or in training of all gradients.

    Raises:
        ParityError: If one of the differences is too large, or the reference cannot be built here.
    """
    is_ours = implementation.name == 'ours'
    if reason := reference.unavailable_reason(workload.device, workload.mode):
        raise ParityError(f'{implementation} cannot be compared with its reference: {reason}')
    exact, frozen = replace(workload, dtype='fp32'), FrozenMatches()
    model = _build(workload, implementation)
    with frozen.recorded() if is_ours else nullcontext():
        own = _outputs(exact, implementation, model, image)
    expected = _outputs(exact, reference, _build(workload, reference), image)
    difference = check_parity(implementation, relative_difference(own, expected))
    if is_ours and workload.dtype != 'fp32':
        with torch_settings(workload.dtype), frozen.used():
            low = _outputs(workload, implementation, workload.cast(model), workload.cast(image))
        check_low_precision(implementation, relative_difference(low, own), error_of_fused())
    elif implementation.is_exported and workload.dtype != 'fp32':
        low = _outputs(workload, implementation, workload.cast(model), workload.cast(image))
        check_exported(implementation, relative_difference(low, own))
    return difference


def fused_error(workload: Workload, image: Tensor) -> float:
    """What the dtype changes in stock SegFormer with fused attention, relative to fp32."""
    model = _build(workload, Fused())
    exact = _outputs(replace(workload, dtype='fp32'), Fused(), model, image)
    with torch_settings(workload.dtype):
        low = _outputs(workload, Fused(), workload.cast(model), workload.cast(image))
    return relative_difference(low, exact)


def _build(workload: Workload, implementation: Implementation) -> nn.Module:
    return implementation.build(workload.variant, workload.scope).to(workload.device)


def _outputs(
    workload: Workload, implementation: Implementation, model: nn.Module, image: Tensor
) -> list[Tensor]:
    """The outputs, or of a training step the gradients of all parameters."""
    model.train(workload.trains)
    if not workload.trains:
        out = implementation.inference(model, image)()
        return [out] if isinstance(out, Tensor) else list(out)
    make_run(workload, implementation, model, image)()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    model.zero_grad(set_to_none=True)  # or a cast of the model would cast them
    return gradients


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

        with mock.patch.object(BipartiteSoftMatching, 'plan', plan):
            yield

    @contextmanager
    def used(self) -> Iterator[None]:
        """Use the recorded plans inside, in their order."""
        plans = iter(self.plans)
        with mock.patch.object(
            BipartiteSoftMatching, 'plan', lambda algorithm, tokens, hw: next(plans)
        ):
            yield
