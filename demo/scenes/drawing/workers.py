"""Drawing a whole set in several processes, under a progress bar."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def draw_all(
    write: Callable,
    todo: Sequence,
    *,
    workers: int,
    what: str,
    progress: bool = True,
    warm_up: Callable[[], None] = lambda: None,
) -> list:
    """Call ``write`` on everything in ``todo``, in ``workers`` processes.

    Args:
        write: Draws and writes one image. It must be picklable.
        todo: Its arguments.
        workers: Number of processes, which changes no byte.
        what: What the progress bar says.
        progress: Whether to show a progress bar.
        warm_up: Called before processes are forked, to make what they then share.

    Returns:
        What ``write`` returned, in the order of ``todo``.
    """
    # One scene is too little work to share between cores. Before forking, too: a forked process
    # that finds OpenCV's threads in use waits forever for threads that it does not have.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        if workers == 1:
            return _watch(map(write, todo), len(todo), what, progress)
        # Forked workers share the banks, and need no guard in the script that calls this.
        warm_up()
        return _draw_in_processes(write, todo, workers, what, progress)
    finally:
        cv2.setNumThreads(threads)


def _draw_in_processes(
    write: Callable, todo: Sequence, workers: int, what: str, progress: bool
) -> list:
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context('fork' if 'fork' in methods else 'spawn')
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        try:
            return _watch(pool.map(write, todo, chunksize=4), len(todo), what, progress)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _start_worker() -> None:
    cv2.setNumThreads(1)
    # Ctrl-C reaches every process; only the first is to answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _watch(results: Iterable, total: int, what: str, progress: bool) -> list:
    """Collect ``results`` as they come, under a progress bar."""
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('time left'),
        TimeRemainingColumn(),
    )
    collected = []
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task(what, total=total)
        for result in results:
            collected.append(result)
            bar.advance(task)
    return collected
