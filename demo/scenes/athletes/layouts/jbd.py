"""The published form of the Jump Broadcast Dataset."""

from collections.abc import Sequence
from pathlib import Path

from ...writing.record import write_file
from ..annotation import Annotation
from .jbd_names import (
    BOX_COLUMNS,
    BOX_FILE,
    FRAME_FOLDER,
    KEYPOINT_COLUMNS,
    KEYPOINT_DELIMITER,
    KEYPOINT_FOLDER,
    KEYPOINTS,
    frame_file,
    frame_id,
)

NOTE = """\
In the form in which the Jump Broadcast Dataset is published:

  keypoints/<split>.csv       20 keypoints of the athlete; s is 0 for not in the picture, 1 for
                              hidden, 2 for visible
  bboxes_segmentations.csv    the athlete's boxes
  images/<event>/<event>_(<frame, five digits>).jpg

tools/convert_jbd.py turns it into what JBDDataset reads.
"""


def image_path(folder: Path, split: str, event: int, frame: int) -> Path:
    """Path of a frame. All splits use one folder, since they have no event in common."""
    return folder / FRAME_FOLDER / frame_file(str(event), frame)


def table_paths(folder: Path, splits: Sequence[str]) -> list[Path]:
    """Paths of the annotation files."""
    return [folder / BOX_FILE, *(folder / KEYPOINT_FOLDER / f'{split}.csv' for split in splits)]


def write_tables(
    folder: Path, annotations: dict[str, list[Annotation]], size: tuple[int, int]
) -> None:
    """Write the annotation files; ``size`` is not part of this layout."""
    boxes = [', '.join(BOX_COLUMNS)]  # with spaces, as it is published
    for split, found in annotations.items():
        rows = [f'#{len(found)}', KEYPOINT_DELIMITER.join(KEYPOINT_COLUMNS)]
        for annotation in found:
            event, frame = str(annotation.event), annotation.frame
            values = [event, str(frame), annotation.name, str(int(annotation.slow))]
            for name in KEYPOINTS:
                x, y, seen = annotation.keypoints[name]
                values += [f'{x:.2f}', f'{y:.2f}', str(seen)]
            rows.append(KEYPOINT_DELIMITER.join(values))
            boxes.append(','.join(map(str, (frame_id(event, frame), *annotation.box))))
        path = folder / KEYPOINT_FOLDER / f'{split}.csv'
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, ('\n'.join(rows) + '\n').encode())
    write_file(folder / BOX_FILE, ('\n'.join(boxes) + '\n').encode())
