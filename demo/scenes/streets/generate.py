"""Writing a whole set of street scenes."""

from pathlib import Path

from ..writing import OnImage, Written, write_set
from .request import StreetRequest
from .street_set import StreetSet

# Raise it with every change that alters an image, so that sets are not mixed.
GENERATOR_VERSION = 1


def generate_streets(
    out_dir: str | Path,
    *,
    train: int = 200,
    val: int = 50,
    size: tuple[int, int] = (1024, 512),
    seed: int = 0,
    workers: int | None = None,
    on_image: OnImage | None = None,
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
        on_image: Called with the number of scenes drawn so far, from 0, and of all to be drawn.

    Raises:
        ValueError: If an argument is outside its range.
        FileExistsError: If ``out_dir`` holds anything but this set.
        NotADirectoryError: If ``out_dir`` is a file.
    """
    StreetRequest.check_size(size)
    request = StreetRequest(train, val, *size, seed, GENERATOR_VERSION)
    images = StreetSet(Path(out_dir).expanduser(), request)
    return write_set(images, workers=workers, on_image=on_image)
