"""Whole models against each other: time, memory, and that they compute the same."""

import functools
import gc
import math
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .batch_size import best_batch
from .implementations import Implementation
from .memory import saved_bytes
from .parity import ParityError, compare_with_reference, fused_error
from .results import Result, quartiles
from .timing import TimeLimitExceeded, interleaved_times
from .workload import Workload, loss_of, make_run, torch_settings

# The note of a model that does not fit; all others are of failures.
OUT_OF_MEMORY = 'out of memory'
SECONDS = 'seconds_per_image'


class _Ready(NamedTuple):
    """A model that was called once, its batch, and bytes saved for backward and at its peak."""

    run: Callable[[], object]
    batch: int
    saved_bytes: int | None
    peak_bytes: int | None


def measure(
    workload: Workload,
    implementations: Sequence[Implementation],
    repeats: int,
    on_step: Callable[[str], None] = lambda what: None,
) -> list[Result]:
    """Measure all models in one process, in turns.

    Args:
        workload: What to measure on.
        implementations: The models.
        repeats: How often each is timed, after one turn of warm-up.
        on_step: Called with a description after every pass.

    Returns:
        By model and metric: ``seconds_per_image`` (median and quartiles), ``saved_bytes`` (in
        training), ``peak_bytes`` (on CUDA), ``relative_difference`` to the reference, and the
        ``batch`` that was chosen where it is ``'auto'``. A model that does not compute what its
        reference does, does not fit into memory, or fails has ``seconds_per_image`` alone: NaN,
        with a ``note`` that says why.

    Raises:
        RuntimeError: If the GPU is in a state that this process cannot leave.
    """
    torch.manual_seed(0)
    image = torch.randn(1, 3, workload.height, workload.width, device=workload.device)
    notes = {
        one: reason
        for one in implementations
        if (reason := one.unavailable_reason(workload.device, workload.mode))
    }
    differences: dict[Implementation, float] = {}
    ready: dict[Implementation, _Ready] = {}
    error_of_fused = functools.cache(lambda: fused_error(workload, image))
    with torch_settings('fp32'):
        for one in implementations:
            if (reference := one.reference()) is None:
                continue
            if one not in notes:
                with _noted(workload, one, notes):
                    differences[one] = compare_with_reference(
                        workload, one, reference, image, error_of_fused
                    )
            on_step(f'parity of {one}')
    with torch_settings(workload.dtype):
        for one in implementations:
            if one not in notes:
                with _noted(workload, one, notes):
                    ready[one] = _prepare(workload, one, image)
            on_step(f'memory of {one}')
        times = interleaved_times(
            {str(one): _until_noted(workload, one, ready[one].run, notes) for one in ready},
            repeats,
            on_step=lambda: on_step('timing'),
        )
    return [
        result
        for one in implementations
        for result in (
            failed(workload, [one], notes[one])
            if one in notes
            else results_of(workload, one, ready[one], times[str(one)], differences.get(one))
        )
    ]


def num_steps(implementations: Sequence[Implementation], repeats: int) -> int:
    """How often :func:`measure` calls ``on_step``, if nothing fails."""
    compared = sum(one.reference() is not None for one in implementations)
    return compared + len(implementations) * (repeats + 2)


def failed(
    workload: Workload, implementations: Sequence[Implementation], note: str
) -> list[Result]:
    """The rows of models that were not measured, and why."""
    return [
        _result(workload, one, SECONDS, math.nan, unit='s', note=note) for one in implementations
    ]


def results_of(
    workload: Workload,
    implementation: Implementation,
    ready: _Ready,
    times: Sequence[float],
    difference: float | None,
) -> list[Result]:
    """The rows of one model.

    Args:
        workload: What it was measured on.
        implementation: What it is.
        ready: Its batch and memory.
        times: Seconds of every pass, of the whole batch.
        difference: To its reference, if it has one.
    """
    new = functools.partial(_result, workload, implementation)
    seconds = quartiles([t / ready.batch for t in times])
    rows = [new(SECONDS, **seconds, unit='s', samples=len(times))]
    if workload.batch == 'auto':
        rows.append(new('batch', ready.batch, unit='images'))
    for metric in ('saved_bytes', 'peak_bytes'):
        if (value := getattr(ready, metric)) is not None:
            rows.append(new(metric, value, unit='bytes'))
    if difference is not None:
        rows.append(new('relative_difference', difference))
    return rows


def _result(
    workload: Workload, implementation: Implementation, metric: str, value: float, **fields: Any
) -> Result:
    about = workload.columns() | implementation.columns()
    return Result('benchmark', metric, value, **about, **fields)


@contextmanager
def _noted(
    workload: Workload, implementation: Implementation, notes: dict[Implementation, str]
) -> Iterator[None]:
    """Note what goes wrong with one model inside, so that the others are measured all the same."""
    try:
        yield
        return
    except TimeLimitExceeded:
        raise
    except ParityError as error:
        note = str(error)
    except torch.OutOfMemoryError:
        note = OUT_OF_MEMORY
    except Exception as error:
        traceback.print_exc()
        note = f'{type(error).__name__}: {error}'
    notes[implementation] = note.splitlines()[0]
    # The frames that failed hold on to their tensors.
    traceback.clear_frames(sys.exc_info()[2])
    _release(workload)


def _release(workload: Workload) -> None:
    gc.collect()
    if workload.on_cuda:
        torch.cuda.synchronize()  # raises if a kernel went astray: then nothing works any more
        torch.cuda.empty_cache()


def _until_noted(
    workload: Workload,
    implementation: Implementation,
    run: Callable[[], object],
    notes: dict[Implementation, str],
) -> Callable[[], None]:
    def call() -> None:
        if implementation not in notes:
            with _noted(workload, implementation, notes):
                run()

    return call


def _prepare(workload: Workload, implementation: Implementation, image: Tensor) -> _Ready:
    """Build a model, choose its batch, call it once, and measure memory."""
    _release(workload)
    before = torch.cuda.memory_allocated() if workload.on_cuda else 0
    model = implementation.build(workload.variant, workload.scope)
    model = workload.cast(model).train(workload.trains)
    batch = (
        best_batch(workload, implementation, model, image)
        if workload.batch == 'auto'
        else int(workload.batch)
    )
    images = workload.cast(image).repeat(batch, 1, 1, 1)
    saved = saved_bytes(lambda: loss_of(model, images), model) if workload.trains else None
    _release(workload)
    if workload.on_cuda:
        torch.cuda.reset_peak_memory_stats()
    run = make_run(workload, implementation, model, images)
    run()
    peak = torch.cuda.max_memory_allocated() - before if workload.on_cuda else None
    return _Ready(run, batch, saved, peak)
