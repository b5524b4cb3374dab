"""Timing functions against each other, honestly."""

import statistics
import time
from collections.abc import Callable, Mapping

import torch


def interleaved_times(
    functions: Mapping[str, Callable[[], object]],
    repeats: int,
    warmup: int = 1,
    on_step: Callable[[], None] = lambda: None,
) -> dict[str, list[float]]:
    """Time functions in turns, so that whatever else the machine does falls on all of them alike.

    Args:
        functions: What to time, by name.
        repeats: Number of timed calls of each.
        warmup: Number of calls of each beforehand that are not timed.
        on_step: Called after every call, for a progress bar.

    Returns:
        The times of every function in seconds, in the order in which they were taken. Where there
        is a CUDA device, they are its own, between two events.
    """
    measure = _time_on_cuda if torch.cuda.is_available() else _time
    times: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(warmup + repeats):
        for name, function in functions.items():
            elapsed = measure(function)
            if turn >= warmup:
                times[name].append(elapsed)
            on_step()
    return times


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of every list of times."""
    return {name: statistics.median(values) for name, values in times.items()}


def _time(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _time_on_cuda(function: Callable[[], object]) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    function()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000
