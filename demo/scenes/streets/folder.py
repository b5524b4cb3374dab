"""The folder of a generated set: Cityscapes' layout, and the record of what lies in it."""

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from .. import drawing
from .classes import CLASSES
from .request import Request

CITY = 'generated'  # Cityscapes has a folder for each city
IMAGE_SUFFIX = '_leftImg8bit.png'
LABEL_SUFFIX = '_gtFine_labelTrainIds.png'
_KIND = 'generated street scenes'

_README = """\
These are generated street scenes. Nothing in them was photographed.

They were drawn by mmseg_tome's street generator, version {version}, from seed {seed}:
{train} scenes to train on and {val} to evaluate on, {width} x {height} pixels.
The same request makes the same files.

The layout and the labels are those of Cityscapes, so that whatever reads Cityscapes reads this:

  leftImg8bit/<split>/{city}/*{image}
  gtFine/<split>/{city}/*{label}

Labels are Cityscapes' train ids, 0 to 18, and 255 for what is ignored:
{classes}.
The whole area of a fence is labelled fence, of a tree crown vegetation, and of a wheel bicycle or
motorcycle, gaps included, as in Cityscapes.
"""


def scene_paths(folder: Path, split: str, index: int) -> tuple[Path, Path]:
    """Paths of the image and of the labels of one scene."""
    stem = f'{CITY}_{index:06d}_000019'
    image = folder / 'leftImg8bit' / split / CITY / (stem + IMAGE_SUFFIX)
    return image, folder / 'gtFine' / split / CITY / (stem + LABEL_SUFFIX)


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG; a file of that name is whole whenever it exists."""
    # cv2's defaults are the fastest: one fixed filter, and zlib's quickest level.
    _, packed = cv2.imencode('.png', pixels)
    drawing.write_file(path, packed.tobytes())


def missing_scenes(folder: Path, request: Request) -> list[tuple[str, int]]:
    """The scenes, as (split, index), that lack their image or their labels."""
    there = {
        path
        for kind in ('leftImg8bit', 'gtFine')
        for split in drawing.SPLITS
        for path in (folder / kind / split / CITY).glob('*.png')
    }
    return [scene for scene in request.all() if not there.issuperset(scene_paths(folder, *scene))]


def write_record(folder: Path, request: Request, complete: bool) -> None:
    """Write the record and the note for people."""
    note = _README.format(
        city=CITY,
        image=IMAGE_SUFFIX,
        label=LABEL_SUFFIX,
        classes=', '.join(f'{i} {name}' for i, name in enumerate(CLASSES)),
        **asdict(request),
    )
    drawing.write_record(folder, _KIND, request, note, complete, classes=CLASSES)


def claim(folder: Path, request: Request) -> None:
    """Make sure that ``folder`` may hold the set; see ``drawing.claim``."""
    if drawing.claim(folder, _KIND, request):
        write_record(folder, request, complete=False)
