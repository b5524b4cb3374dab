"""Writing a whole set of frames of athletics."""

from pathlib import Path

from ..writing import OnImage, Written, write_set
from .athlete_set import AthleteSet
from .request import AthleteRequest

# Raise it with every change that alters an image, so that sets are not mixed.
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
    on_image: OnImage | None = None,
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
        on_image: Called with the number of frames drawn so far, from 0, and of all to be drawn.

    Raises:
        ValueError: If an argument is outside its range.
        FileExistsError: If ``out_dir`` holds anything but this set.
        NotADirectoryError: If ``out_dir`` is a file.
    """
    AthleteRequest.check_size(size)
    request = AthleteRequest(train, val, *size, seed, GENERATOR_VERSION, layout)
    images = AthleteSet(Path(out_dir).expanduser(), request)
    return write_set(images, workers=workers, on_image=on_image)
