"""Writing a whole set of generated scenes, in several processes."""

import multiprocessing
import signal
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import noise
from .folder import claim, is_complete, missing_scenes, scene_paths, write_png, write_record
from .render import render_street
from .request import SPLITS, Request, check_size, count_workers

# Raise it with every change that alters a picture, so that sets are not mixed.
GENERATOR_VERSION = 1


@dataclass(frozen=True)
class Written:
    """What ``generate_streets`` did.

    Attributes:
        folder: The folder of the set; the ``data_root`` for mmseg.
        scenes: Number of scenes in the set.
        drawn: Number of scenes drawn now; 0 if the set was there already.
        seconds: How long it took.
    """

    folder: Path
    scenes: int
    drawn: int
    seconds: float


def generate_streets(
    out_dir: str | Path,
    *,
    train: int = 200,
    val: int = 50,
    size: tuple[int, int] = (1024, 512),
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> Written:
    """Write a set of generated street scenes in Cityscapes' layout.

    A set that is there already is left as it is; one that was interrupted is continued. Files of
    anything else are never touched.

    Args:
        out_dir: Folder for the set: new, empty, or holding the same set.
        train: Number of scenes to train on, 0 to 100000.
        val: Number of scenes to evaluate on, 0 to 100000.
        size: (width, height) in pixels, 128 to 2048 by 64 to 1024.
        seed: Seed of the whole set, 0 or more.
        workers: Number of processes, which changes no byte; None for one per core.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If an argument is outside its range.
        FileExistsError: If ``out_dir`` holds anything but this set.
        NotADirectoryError: If ``out_dir`` is a file.
    """
    started = time.monotonic()
    check_size(size)
    request = Request(train, val, *size, seed, GENERATOR_VERSION)
    workers = count_workers(workers)
    folder = Path(out_dir).expanduser()
    claim(folder, request)
    todo = missing_scenes(folder, request)
    if todo:
        for path in (p for split in SPLITS for p in scene_paths(folder, split, 0)):
            path.parent.mkdir(parents=True, exist_ok=True)
        _draw_all(partial(_write_scene, folder, request), todo, min(workers, len(todo)), progress)
    if todo or not is_complete(folder):
        write_record(folder, request, complete=True)
    return Written(folder, train + val, len(todo), time.monotonic() - started)


def _write_scene(folder: Path, request: Request, scene: tuple[str, int]) -> None:
    split, index = scene
    image_path, label_path = scene_paths(folder, split, index)
    image, labels = render_street(
        index, seed=request.seed, split=split, size=(request.width, request.height)
    )
    write_png(image_path, image)
    write_png(label_path, labels)


def _draw_all(write, todo: list[tuple[str, int]], workers: int, progress: bool) -> None:
    # One scene is too little work to share between cores. Before forking, too: a forked process
    # that finds OpenCV's threads in use waits forever for threads that it does not have.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        if workers == 1:
            _watch(map(write, todo), len(todo), progress)
        else:
            _draw_in_processes(write, todo, workers, progress)
    finally:
        cv2.setNumThreads(threads)


def _draw_in_processes(write, todo: list[tuple[str, int]], workers: int, progress: bool) -> None:
    # Forked workers share the noise banks, and need no guard in the script that calls this.
    noise.warm_up()
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context('fork' if 'fork' in methods else 'spawn')
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        try:
            _watch(pool.map(write, todo, chunksize=4), len(todo), progress)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _start_worker() -> None:
    cv2.setNumThreads(1)
    # Ctrl-C reaches every process; only the first is to answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _watch(scenes: Iterable[None], total: int, progress: bool) -> None:
    """Go through ``scenes`` as they are written, under a progress bar."""
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('time left'),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task('Drawing street scenes', total=total)
        for _ in scenes:
            bar.advance(task)
