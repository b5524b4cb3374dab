"""Which rows and boxes belong together: each frame once, and each box to a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..jbd_format import SPLITS, frame_id
from .problems import Problem, UnusableRow
from .rows import Box, Key, parse_box, parse_box_key, parse_key
from .tables import Line, read_box_table, read_keypoint_table

Place = tuple[Path, int]  # file and line


@dataclass(frozen=True)
class Row:
    """A row of a keypoint file whose frame is known."""

    split: str
    place: Place
    key: Key
    values: dict[str, str]


def read_keypoints(
    folder: Path, splits: Sequence[str], problems: list[Problem]
) -> dict[str, tuple[Path, list[Line]]]:
    """The keypoint files that are there, the last ones being those to convert."""
    tables = {}
    for split in SPLITS:
        path = folder / f'{split}.csv'
        if split in splits or path.is_file():
            # What is wrong with a split that is not converted is none of the caller's concern.
            found = problems if split in splits else []
            tables[split] = path, read_keypoint_table(path, found)
    return tables


def find_rows(
    tables: dict[str, tuple[Path, list[Line]]], splits: Sequence[str], problems: list[Problem]
) -> dict[Key, Row]:
    """The rows of all splits by their frames, each frame once."""
    rows: dict[Key, Row] = {}
    # Splits to convert last, so that a frame in two splits is reported.
    for split in sorted(tables, key=lambda split: split in splits):
        path, lines = tables[split]
        for number, values in lines:
            try:
                key = parse_key(values)
                if key in rows:
                    raise UnusableRow(f'{frame_id(*key)} is also in {_where(rows[key].place)}')
            except UnusableRow as error:
                if split in splits:
                    problems.append(Problem(path, number, str(error)))
            else:
                rows[key] = Row(split, (path, number), key, values)
    return rows


def find_boxes(
    path: Path, rows: dict[Key, Row], splits: Sequence[str], problems: list[Problem]
) -> dict[Key, Box]:
    """The boxes of `splits` by their frames; boxes of no row, and second ones, are problems."""
    places: dict[Key, Place] = {}
    boxes = {}
    for number, values in read_box_table(path, problems):
        try:
            key = parse_box_key(values)
            if key in places:
                raise UnusableRow(f'{frame_id(*key)} has a box in {_where(places[key])} already')
            places[key] = path, number
            if key not in rows:
                raise UnusableRow(f'extra box: no keypoint file has a row for {frame_id(*key)}')
            if rows[key].split in splits:
                boxes[key] = parse_box(values)
        except UnusableRow as error:
            problems.append(Problem(path, number, str(error)))
    return boxes


def _where(place: Place) -> str:
    return f'{place[0]}:{place[1]}'
