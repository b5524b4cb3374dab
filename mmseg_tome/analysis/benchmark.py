"""Whole models against each other: time, memory, and that they compute the same."""

import functools
import gc
import statistics
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .implementations import Column
from .memory import saved_bytes
from .parity import ParityError, compare_with_reference, fused_error, has_reference
from .timing import TimeLimitExceeded, interleaved_times
from .workload import DTYPES, Cell, loss_of, make_run, torch_settings

__all__ = ['DTYPES', 'OUT_OF_MEMORY', 'Cell', 'failed_row', 'measure', 'num_steps']

# The note of a model that does not fit; all others are of failures.
OUT_OF_MEMORY = 'out of memory'
# Twice as many images are tried only if they take at most this share of a GPU's memory. What a
# graph takes is not given back between passes.
_LARGEST_SHARE, _LARGEST_SHARE_OF_A_GRAPH = 0.8, 0.06


class _Ready(NamedTuple):
    """A model that was called once, its batch, and bytes saved for backward and at its peak."""

    run: Callable[[], object]
    batch: int
    saved_bytes: int | None
    peak_bytes: int | None


def measure(
    cell: Cell,
    columns: Sequence[Column],
    repeats: int,
    on_step: Callable[[str], None] = lambda what: None,
) -> list[dict]:
    """Measure all models in one process, in turns.

    Args:
        cell: What to measure on.
        columns: The models.
        repeats: How often each is timed, after one turn of warm-up.
        on_step: Called with a description after every pass.

    Returns:
        One row per model: the cell, make and strategy, seconds per image (median and quartiles),
        bytes, and the difference to the reference. Where a model does not compute what its
        reference does, does not fit into memory, or fails, ``note`` says so, and there is no time.

    Raises:
        RuntimeError: If the GPU is in a state that this process cannot leave.
    """
    torch.manual_seed(0)
    image = torch.randn(1, 3, cell.height, cell.width, device=cell.device)
    notes: dict[Column, str] = {}
    differences: dict[Column, float] = {}
    ready: dict[Column, _Ready] = {}
    error_of_fused = functools.cache(lambda: fused_error(cell, image))
    with torch_settings('fp32'):
        for column in filter(has_reference, columns):
            with _noted(cell, column, notes):
                differences[column] = compare_with_reference(cell, column, image, error_of_fused)
            on_step(f'parity of {column}')
    with torch_settings(cell.dtype):
        for column in columns:
            if column not in notes:
                with _noted(cell, column, notes):
                    ready[column] = _prepare(cell, column, image)
            on_step(f'memory of {column}')
        times = interleaved_times(
            {str(column): _until_noted(cell, column, ready[column].run, notes) for column in ready},
            repeats,
            on_step=lambda: on_step('timing'),
        )
    return [
        failed_row(cell, column, repeats, notes[column])
        if column in notes
        else _row(cell, column, repeats, ready[column], times[str(column)], differences.get(column))
        for column in columns
    ]


def num_steps(columns: Sequence[Column], repeats: int) -> int:
    """How often :func:`measure` calls ``on_step``, if nothing fails."""
    return sum(map(has_reference, columns)) + len(columns) * (repeats + 2)


def failed_row(cell: Cell, column: Column, repeats: int, note: str) -> dict:
    """The row of a model that was not measured, and why."""
    return _row(cell, column, repeats, None, [float('nan')], None, note)


def _row(
    cell: Cell,
    column: Column,
    repeats: int,
    ready: _Ready | None,
    times: list[float],
    difference: float | None,
    note: str = '',
) -> dict:
    batch = ready.batch if ready else cell.batch
    low, middle, high = _quartiles([t / batch for t in times] if ready else times)
    return {
        **asdict(cell),
        'batch': batch,
        'batch_is_auto': cell.batch == 'auto',
        **asdict(column),
        'seconds_per_image': middle,
        'lower_quartile': low,
        'upper_quartile': high,
        'repeats': repeats,
        'saved_bytes': ready.saved_bytes if ready else None,
        'peak_bytes': ready.peak_bytes if ready else None,
        'difference': difference,
        'note': note,
    }


def _quartiles(values: list[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, n=4, method='inclusive'))


@contextmanager
def _noted(cell: Cell, column: Column, notes: dict[Column, str]) -> Iterator[None]:
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
    notes[column] = note.splitlines()[0]
    # The frames that failed hold on to their tensors.
    traceback.clear_frames(sys.exc_info()[2])
    _release(cell)


def _release(cell: Cell) -> None:
    gc.collect()
    if cell.on_cuda:
        torch.cuda.synchronize()  # raises if a kernel went astray: then nothing works any more
        torch.cuda.empty_cache()


def _until_noted(
    cell: Cell, column: Column, run: Callable[[], object], notes: dict[Column, str]
) -> Callable[[], None]:
    def call() -> None:
        if column not in notes:
            with _noted(cell, column, notes):
                run()

    return call


def _prepare(cell: Cell, column: Column, image: Tensor) -> _Ready:
    """Build a model, choose its batch, call it once, and measure memory."""
    _release(cell)
    before = torch.cuda.memory_allocated() if cell.on_cuda else 0
    model = cell.cast(cell.build(column)).train(cell.train)
    batch = _best_batch(cell, column, model, image) if cell.batch == 'auto' else cell.batch
    images = cell.cast(image).repeat(batch, 1, 1, 1)
    saved = saved_bytes(lambda: loss_of(model, images), model) if cell.train else None
    _release(cell)
    if cell.on_cuda:
        torch.cuda.reset_peak_memory_stats()
    run = make_run(cell, column, model, images)
    run()
    peak = torch.cuda.max_memory_allocated() - before if cell.on_cuda else None
    return _Ready(run, batch, saved, peak)


def _best_batch(cell: Cell, column: Column, model: nn.Module, image: Tensor) -> int:
    """Double the batch as long as it fits and an image gets at least 2 % faster."""
    best, best_time, batch = 1, float('inf'), 1
    while True:
        if cell.on_cuda:
            torch.cuda.reset_peak_memory_stats()
        try:
            run = make_run(cell, column, model, cell.cast(image).repeat(batch, 1, 1, 1))
            (times,) = interleaved_times({'run': run}, repeats=3).values()
        except torch.OutOfMemoryError:
            if batch == 1:
                raise
            return best
        time = statistics.median(times) / batch
        if time > 0.98 * best_time:
            return best if time >= best_time else batch
        best, best_time, batch = batch, time, 2 * batch
        if cell.on_cuda:
            is_graph = column.make in ('graphed', 'compiled')
            share = _LARGEST_SHARE_OF_A_GRAPH if is_graph else _LARGEST_SHARE
            _, total = torch.cuda.mem_get_info()
            if 2 * torch.cuda.max_memory_allocated() > share * total:
                return best
