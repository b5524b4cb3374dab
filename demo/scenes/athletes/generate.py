"""Writing a whole set of generated frames of athletics."""

import time
from functools import partial
from pathlib import Path

from ..drawing import Written, count_workers, draw_all
from ..streets import noise
from . import crowd
from .folder import claim, finish, missing_frames, write_frame
from .render import render_athlete
from .request import Request, check_size

# Raise it with every change that alters a picture, so that sets are not mixed.
GENERATOR_VERSION = 1


def generate_athletes(
    out_dir: str | Path,
    *,
    train: int = 400,
    val: int = 80,
    size: tuple[int, int] = (1920, 1080),
    seed: int = 0,
    layout: str = 'jbd',
    workers: int | None = None,
    progress: bool = True,
) -> Written:
    """Write a set of generated frames of athletics, one annotated athlete in each.

    A set that is there already is left as it is; one that was interrupted is continued. Files of
    anything else are never touched.

    Args:
        out_dir: Folder for the set: new, empty, or holding the same set.
        train: Number of frames to train on, 0 to 100000.
        val: Number of frames to evaluate on, 0 to 100000.
        size: (width, height) in pixels, 160 to 2560 by 90 to 1440.
        seed: Seed of the whole set, 0 or more.
        layout: 'jbd' for the published form of the Jump Broadcast Dataset, 'coco' for COCO's
            layout and keypoints, or 'both'.
        workers: Number of processes, which changes no byte; None for one per core.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If an argument is outside its range.
        FileExistsError: If ``out_dir`` holds anything but this set.
        NotADirectoryError: If ``out_dir`` is a file.
    """
    started = time.monotonic()
    check_size(size)
    request = Request(train, val, *size, seed, GENERATOR_VERSION, layout)
    workers = count_workers(workers)
    folder = Path(out_dir).expanduser()
    claim(folder, request)
    todo = missing_frames(folder, request)
    if todo:
        draw_all(
            partial(_write_frame, folder, request),
            todo,
            workers=min(workers, len(todo)),
            what='Drawing athletes',
            progress=progress,
            warm_up=_warm_up,
        )
    finish(folder, request)
    return Written(folder, train + val, len(todo), time.monotonic() - started)


def _warm_up() -> None:
    noise.warm_up()
    crowd.bank()


def _write_frame(folder: Path, request: Request, frame: tuple[str, int]) -> None:
    split, index = frame
    image, known = render_athlete(
        index, seed=request.seed, split=split, size=(request.width, request.height)
    )
    write_frame(folder, request, split, index, image, known)
