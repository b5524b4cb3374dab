"""Writing a whole set of generated scenes, in several processes."""

import time
from functools import partial
from pathlib import Path

from ..drawing import SPLITS, Written, count_workers, draw_all, is_complete
from . import noise
from .folder import claim, missing_scenes, scene_paths, write_png, write_record
from .render import render_street
from .request import Request, check_size

# Raise it with every change that alters a picture, so that sets are not mixed.
GENERATOR_VERSION = 1


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
        draw_all(
            partial(_write_scene, folder, request),
            todo,
            workers=min(workers, len(todo)),
            what='Drawing street scenes',
            progress=progress,
            warm_up=noise.warm_up,
        )
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
