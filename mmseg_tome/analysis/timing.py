"""Timing functions against each other, honestly."""

import _thread
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch

_HAS_ALARM = hasattr(signal, 'SIGALRM')


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


class TimeLimitExceeded(Exception):
    """What was to be done took longer than allowed."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Interrupt what runs inside after so many seconds; None for no limit. In the main thread only.

    Raises:
        TimeLimitExceeded: If it takes longer.
    """
    if seconds is None:
        yield
        return
    interrupted = TimeLimitExceeded(f'took longer than {seconds:g} s')
    with (_alarm if _HAS_ALARM else _interrupt)(seconds, interrupted):
        yield


@contextmanager
def _alarm(seconds: float, error: Exception) -> Iterator[None]:
    def interrupt(*_) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _interrupt(seconds: float, error: Exception) -> Iterator[None]:
    """For Windows, which has no alarm: as if Ctrl+C were pressed, told apart from the real one."""
    rang = threading.Event()

    def interrupt() -> None:
        rang.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, interrupt)
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if not rang.is_set():
            raise
        raise error from None
    finally:
        timer.cancel()


def _time(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _time_on_cuda(function: Callable[[], object]) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    # A pass that had to ask the driver for memory waited for it, and is taken again.
    for _ in range(3):
        allocations = _driver_allocations()
        torch.cuda.synchronize()
        start.record()
        function()
        end.record()
        torch.cuda.synchronize()
        if _driver_allocations() == allocations:
            break
    return start.elapsed_time(end) / 1000


def _driver_allocations() -> int:
    return torch.cuda.memory_stats().get('num_device_alloc', 0)
