"""The folder of a generated set: its layouts, its record, and what is missing in it."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np

from .. import drawing
from . import coco_layout, jbd_layout
from .render import Annotation, number_frame
from .request import Request

KIND = 'generated athletes'
UNFINISHED = 'unfinished'  # annotations of single frames, until all are there
QUALITY = 93  # of JPEG

_README = """\
These are generated frames of athletics. Nothing in them was photographed; nobody in them exists.

They were drawn by mmseg_tome's generator of athletes, version {version}, from seed {seed}:
{train} frames to train on and {val} to evaluate on, {width} x {height} pixels.
The same request makes the same files. Right and left are the athlete's own.

"""

_LAYOUTS = {
    'jbd': (jbd_layout,),
    'coco': (coco_layout,),
    'both': (jbd_layout, coco_layout),
}


def layouts(request: Request) -> tuple[ModuleType, ...]:
    """The modules that know the layouts asked for."""
    return _LAYOUTS[request.layout]


def image_paths(folder: Path, request: Request, split: str, index: int) -> list[Path]:
    """Paths of one frame, in each layout."""
    numbers = number_frame(split, index)
    return [layout.image_path(folder, split, *numbers) for layout in layouts(request)]


def write_frame(
    folder: Path, request: Request, split: str, index: int, image: np.ndarray, known: Annotation
) -> None:
    """Write one frame and what is known of it; the latter last, so that it stands for both."""
    _, packed = cv2.imencode('.jpg', image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    for path in image_paths(folder, request, split, index):
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing.write_file(path, packed.tobytes())
    path = _note_path(folder, split, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.write_file(path, json.dumps(asdict(known)).encode())


def has_tables(folder: Path, request: Request) -> bool:
    """Whether all annotations are written."""
    paths = [
        path for layout in layouts(request) for path in layout.table_paths(folder, _splits(request))
    ]
    return drawing.is_complete(folder) and all(path.is_file() for path in paths)


def missing_frames(folder: Path, request: Request) -> list[tuple[str, int]]:
    """The frames, as (split, index), that lack an image or what is known of it."""
    known = has_tables(folder, request)
    return [
        frame
        for frame in request.all()
        if not all(path.is_file() for path in image_paths(folder, request, *frame))
        or not (known or _note_path(folder, *frame).is_file())
    ]


def finish(folder: Path, request: Request) -> None:
    """Gather what is known of the single frames, when all of them are there."""
    if not has_tables(folder, request):
        found: dict[str, list[Annotation]] = {split: [] for split in _splits(request)}
        for split, index in request.all():
            note = json.loads(_note_path(folder, split, index).read_text())
            found[split].append(Annotation(**note))
        for layout in layouts(request):
            layout.write_tables(folder, found, (request.width, request.height))
        write_record(folder, request, complete=True)
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)


def write_record(folder: Path, request: Request, complete: bool) -> None:
    """Write the record and the note for people."""
    notes = '\n'.join(layout.NOTE for layout in layouts(request))
    note = _README.format(**asdict(request)) + notes
    drawing.write_record(folder, KIND, request, note, complete)


def claim(folder: Path, request: Request) -> None:
    """Make sure that ``folder`` may hold the set; see ``drawing.claim``."""
    if drawing.claim(folder, KIND, request):
        write_record(folder, request, complete=False)


def _splits(request: Request) -> list[str]:
    """The splits that have frames."""
    return [split for split in drawing.SPLITS if getattr(request, split)]


def _note_path(folder: Path, split: str, index: int) -> Path:
    return folder / UNFINISHED / split / f'{index:06d}.json'
