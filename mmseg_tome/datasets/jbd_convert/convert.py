"""The way from CSV files and frames to annotation files."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..jbd_format import ANNOTATION_SIZE, SPLITS, frame_id
from .coco import coco_annotation, coco_file, coco_image
from .frames import Frames
from .matching import Row, find_boxes, find_rows, read_keypoints
from .pixels import FramePixels, Size
from .problems import InvalidRows, Problem, UnusableRow
from .rows import Box, Key, parse_athlete


@dataclass(frozen=True)
class Conversion:
    """What `convert_jbd` did.

    Attributes:
        files: The annotation file of each split.
        images: Number of images in each split.
        problems: What was left out.
    """

    files: dict[str, Path]
    images: dict[str, int]
    problems: list[Problem]


def convert_jbd(
    keypoints: Path,
    boxes: Path,
    frames: Path,
    out: Path,
    *,
    splits: Sequence[str] = SPLITS,
    annotation_size: Size | None = ANNOTATION_SIZE,
    scale_frames: bool = False,
    skip_invalid: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> Conversion:
    """Write `out/<split>.json` from `keypoints/<split>.csv`, the boxes and the frames.

    Nothing is written unless every row can be used, or `skip_invalid` allows to go on without
    those that cannot. Images are neither copied nor changed; their `file_name` is relative to
    `frames`.

    Args:
        keypoints: Folder with a CSV file per split.
        boxes: CSV file with the boxes of all splits.
        frames: Folder with a folder of frames per event.
        out: Folder for the annotation files.
        splits: What to convert. The other files in `keypoints` are read only to know whose the
            boxes are.
        annotation_size: Width and height in whose pixels the annotations are; None if they are in
            those of each frame, whatever its size.
        scale_frames: Scale the annotations of a frame that has another size, which is refused
            otherwise. It must have the same aspect ratio, to a pixel.
        skip_invalid: Go on without what cannot be used.
        overwrite: Replace annotation files that are there already.
        progress: Whether to show a progress bar.

    Raises:
        InvalidRows: If something cannot be used; it holds all that was found.
        ValueError: If a file is not what JBD's are, or nothing of a split can be used; also if
            frames have another size than `annotation_size`, whatever `skip_invalid` says.
        FileExistsError: If an annotation file is there already.
        OSError: If something cannot be read or written.
    """
    from rich.console import Console
    from rich.progress import track

    keypoints, boxes, frames, out = map(Path, (keypoints, boxes, frames, out))
    files = _claim(out, splits, overwrite)
    source = Frames(frames)
    pixels = FramePixels(annotation_size, scale_frames)
    problems: list[Problem] = []
    tables = read_keypoints(keypoints, splits, problems)
    rows = find_rows(tables, splits, problems)
    found_boxes = find_boxes(boxes, rows, splits, problems)

    converted: dict[str, tuple[list, list]] = {split: ([], []) for split in splits}
    wanted = [row for row in rows.values() if row.split in converted]
    console = Console(stderr=True)
    for row in track(wanted, 'Checking frames', console=console, disable=not progress):
        try:
            entries = _convert(row, found_boxes, boxes, source, pixels)
        except UnusableRow as error:
            problems.append(Problem(*row.place, str(error)))
        else:
            for entry, entries_of_split in zip(entries, converted[row.split], strict=True):
                entries_of_split.append(entry)

    pixels.check()
    problems.sort()
    if problems and not skip_invalid:
        raise InvalidRows(problems)
    for split, (images, _) in converted.items():
        if not images:
            raise ValueError(
                f'{keypoints / split}.csv has no row that can be used'
                + (f'; the first of {len(problems)} problems: {problems[0]}' if problems else '')
            )
    for split, of_split in converted.items():
        _write(files[split], coco_file(split, *of_split))
    counts = {split: len(images) for split, (images, _) in converted.items()}
    return Conversion(files, counts, problems)


def _claim(out: Path, splits: Sequence[str], overwrite: bool) -> dict[str, Path]:
    """The files to write, if they may be written."""
    for split in splits:
        if split not in SPLITS:
            raise ValueError(f'split is {split!r}; JBD has {" and ".join(SPLITS)}')
    if not splits:
        raise ValueError('splits is empty; choose at least one of ' + ', '.join(SPLITS))
    files = {split: out / f'{split}.json' for split in splits}
    there = [str(path) for path in files.values() if path.exists()]
    if there and not overwrite:
        raise FileExistsError(
            f'{" and ".join(there)} exist already. Choose another folder, or overwrite them '
            '(--overwrite).'
        )
    return files


def _convert(
    row: Row, boxes: dict[Key, Box], box_file: Path, frames: Frames, pixels: FramePixels
) -> tuple[dict, dict]:
    athlete = parse_athlete(row.values)
    if row.key not in boxes:
        raise UnusableRow(f'{box_file} has no box for {frame_id(*row.key)} that can be used')
    size = frames.size(row.key)
    athlete, box = pixels.place(athlete, boxes[row.key], size)
    return coco_image(row.key, size), coco_annotation(row.key, athlete, box)


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    part.write_text(json.dumps(content) + '\n', encoding='utf-8')
    os.replace(part, path)
