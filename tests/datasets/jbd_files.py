"""A small data set in the published form of the Jump Broadcast Dataset."""

from pathlib import Path

import cv2
import numpy as np

from mmseg_tome.datasets.jbd_format import (
    BOX_COLUMNS,
    BOX_FILE,
    KEYPOINT_COLUMNS,
    KEYPOINT_FOLDER,
    KEYPOINTS,
    frame_file,
    frame_id,
)

WIDTH, HEIGHT = 96, 64
FRAMES = {
    'train': [('0', 1944), ('0', 2001), ('11', 7)],
    'val': [('3', 99999), ('3', 12)],
}


def write_jbd(root: Path) -> Path:
    """Writes five good frames, rows and boxes; returns the data root."""
    for split, frames in FRAMES.items():
        rows = [row(event, frame) for event, frame in frames]
        lines = [f'#{len(rows)}', ';'.join(KEYPOINT_COLUMNS), *map(join, rows)]
        path = root / KEYPOINT_FOLDER / f'{split}.csv'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(lines) + '\n')
        for event, frame in frames:
            write_frame(root / 'images', event, frame)
    keys = [*FRAMES['train'], *FRAMES['val']]
    boxes = [f'{frame_id(*key)},{10 + i},5,40,50' for i, key in enumerate(keys)]
    # The published tools put spaces into the header.
    (root / BOX_FILE).write_text('\n'.join([', '.join(BOX_COLUMNS), *boxes]) + '\n')
    return root


def row(event: str, frame: int) -> dict[str, str]:
    """Keypoint i at (20 + i, 10 + i); every third one has s=2, heels have s=0."""
    values = {'event': event, 'frame_num': str(frame), 'athlete': 'Jana Öster', 'slowmotion': '0'}
    for i, name in enumerate(KEYPOINTS):
        hidden = name in ('rhee', 'lhee')
        values[f'{name}_x'] = '-1' if hidden else f'{20.25 + i}'
        values[f'{name}_y'] = '-1' if hidden else f'{10 + i}'
        values[f'{name}_s'] = '0' if hidden else '2' if i % 3 == 0 else '1'
    return values


def join(values: dict[str, str]) -> str:
    return ';'.join(values[column] for column in KEYPOINT_COLUMNS)


def write_frame(folder: Path, event: str, frame: int) -> None:
    path = folder / frame_file(event, frame)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    image[:, : WIDTH // 4] = 200  # so that a mirrored frame is another one
    cv2.imwrite(str(path), image)


def edit(path: Path, line: int, new: str | None) -> None:
    """Replaces a line, counted from 1, or takes it out."""
    lines = path.read_text().split('\n')
    lines[line - 1 : line] = [] if new is None else [new]
    path.write_text('\n'.join(lines))


def set_value(path: Path, line: int, column: str, value: str) -> None:
    """Sets a value of a keypoint row."""
    values = path.read_text().split('\n')[line - 1].split(';')
    values[KEYPOINT_COLUMNS.index(column)] = value
    edit(path, line, ';'.join(values))
