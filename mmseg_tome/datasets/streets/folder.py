"""The folder of a generated set: Cityscapes' layout, and the record of what lies in it."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from .classes import CLASSES
from .request import Request

RECORD = 'generated.json'
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
    part = path.with_name(path.name + '.part')
    part.write_bytes(packed.tobytes())
    os.replace(part, path)


def missing_scenes(folder: Path, request: Request) -> list[tuple[str, int]]:
    """The scenes, as (split, index), that lack their image or their labels."""
    wanted = [('train', i) for i in range(request.train)] + [('val', i) for i in range(request.val)]
    there = {
        path
        for kind in ('leftImg8bit', 'gtFine')
        for split in ('train', 'val')
        for path in (folder / kind / split / CITY).glob('*.png')
    }
    return [scene for scene in wanted if not there.issuperset(scene_paths(folder, *scene))]


def is_complete(folder: Path) -> bool:
    """Whether the record in ``folder`` says that its set was written to the end."""
    return bool(json.loads((folder / RECORD).read_text())['complete'])


def write_record(folder: Path, request: Request, complete: bool) -> None:
    """Write the record and the note for people."""
    record = {'kind': _KIND, 'complete': complete, **asdict(request), 'classes': CLASSES}
    part = folder / (RECORD + '.part')
    part.write_text(json.dumps(record, indent=2) + '\n')
    os.replace(part, folder / RECORD)
    note = _README.format(
        city=CITY,
        image=IMAGE_SUFFIX,
        label=LABEL_SUFFIX,
        classes=', '.join(f'{i} {name}' for i, name in enumerate(CLASSES)),
        **asdict(request),
    )
    (folder / 'README.txt').write_text(note)


def claim(folder: Path, request: Request) -> None:
    """Make sure that ``folder`` may hold the set: it is new, empty, or already holds this very set.

    Raises:
        FileExistsError: If it holds anything else. Nothing is changed then.
        NotADirectoryError: If it is a file.
    """
    remedy = f'Choose another folder, or remove {folder} first.'
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f'{folder} is a file, not a folder. Choose another folder.')
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / RECORD).is_file():
            raise FileExistsError(
                f'{folder} is not empty and holds no generated street scenes. {remedy}'
            )
        try:
            record = json.loads((folder / RECORD).read_text())
            known = record['kind'] == _KIND and 'complete' in record
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise FileExistsError(
                f'{folder / RECORD} is not a record of generated scenes. {remedy}'
            )
        differences = request.differences(record)
        if differences:
            raise FileExistsError(
                f'{folder} holds another generated set: {", ".join(differences)}. {remedy}'
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder, request, complete=False)
