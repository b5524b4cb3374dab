"""Drawing a whole set in several processes."""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import BaseContext

import cv2

OnImage = Callable[[int, int], None]
"""Called with the number of images drawn so far, and of all to be drawn."""

_WINDOWS_LIMIT = 61  # handles that one process can wait for there


def draw_all(
    write: Callable,
    todo: Sequence,
    *,
    workers: int,
    on_image: OnImage | None = None,
    warm_up: Callable[[], None] | None = None,
    context: BaseContext | None = None,
) -> None:
    """Call ``write`` on everything in ``todo``, in ``workers`` processes.

    Args:
        write: Draws and writes one image. It must be picklable.
        todo: Its arguments.
        workers: Number of processes, which changes no byte.
        on_image: Called in this process, first with (0, ``len(todo)``), then after every image.
        warm_up: Called before processes are forked, to make what they then share. Processes that
            are spawned share nothing, and make it when they need it.
        context: How processes are started; None for the platform's default.
    """
    workers = min(workers, len(todo))
    # One image is too little work to share between cores. Before forking, too: a forked process
    # that finds OpenCV's threads in use waits forever for threads that it does not have.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        if workers == 1:
            _watch(map(write, todo), len(todo), on_image)
            return
        context = context or multiprocessing.get_context()
        if warm_up and context.get_start_method() == 'fork':
            warm_up()
        _draw_in_processes(write, todo, workers, on_image, context)
    finally:
        cv2.setNumThreads(threads)


def _draw_in_processes(
    write: Callable, todo: Sequence, workers: int, on_image: OnImage | None, context: BaseContext
) -> None:
    if sys.platform == 'win32':
        workers = min(workers, _WINDOWS_LIMIT)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        try:
            _watch(pool.map(write, todo, chunksize=4), len(todo), on_image)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _start_worker() -> None:
    cv2.setNumThreads(1)
    # Ctrl-C reaches every process; only the first is to answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _watch(results: Iterable, total: int, on_image: OnImage | None) -> None:
    """Wait for ``results``, and tell ``on_image`` of each."""
    if on_image:
        on_image(0, total)
    for done, _ in enumerate(results, 1):
        if on_image:
            on_image(done, total)
