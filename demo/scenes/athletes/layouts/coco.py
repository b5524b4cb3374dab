"""COCO's layout, with its 17 keypoints."""

import json
from collections.abc import Sequence
from pathlib import Path

from ...writing.record import write_file
from ..annotation import Annotation
from ..body.keypoints import COCO_KEYPOINTS
from .jbd_names import image_number

NOTE = """\
In COCO's layout, with its 17 keypoints:

  annotations/person_keypoints_<split>2017.json
  <split>2017/*.jpg

which mmpose's CocoDataset reads. One athlete in each image is annotated; others are not.
"""

# Pairs of keypoints, counted from 1, as COCO's own files have them.
SKELETON = (
    *((16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8)),
    *((7, 9), (8, 10), (9, 11), (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7)),
)


def image_path(folder: Path, split: str, event: int, frame: int) -> Path:
    """Path of a frame."""
    return folder / f'{split}2017' / _file_name(event, frame)


def table_paths(folder: Path, splits: Sequence[str]) -> list[Path]:
    """Paths of the annotation files."""
    return [folder / 'annotations' / f'person_keypoints_{split}2017.json' for split in splits]


def write_tables(
    folder: Path, annotations: dict[str, list[Annotation]], size: tuple[int, int]
) -> None:
    """Write the annotation files; ``size`` is the (width, height) of the images in pixels."""
    category = {
        'id': 1,
        'name': 'person',
        'supercategory': 'person',
        'keypoints': COCO_KEYPOINTS,
        'skeleton': SKELETON,
    }
    for path, (split, found) in zip(
        table_paths(folder, list(annotations)), annotations.items(), strict=True
    ):
        coco = {
            'info': {'description': f'generated athletes, {split}'},
            'licenses': [],
            'images': [_image(annotation, size) for annotation in found],
            'annotations': [_annotation(annotation) for annotation in found],
            'categories': [category],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, (json.dumps(coco) + '\n').encode())


def _file_name(event: int, frame: int) -> str:
    return f'{image_number(str(event), frame):012d}.jpg'


def _image(annotation: Annotation, size: tuple[int, int]) -> dict:
    return {
        'id': image_number(str(annotation.event), annotation.frame),
        'file_name': _file_name(annotation.event, annotation.frame),
        'width': size[0],
        'height': size[1],
    }


def _annotation(annotation: Annotation) -> dict:
    keypoints = [annotation.keypoints[name] for name in COCO_KEYPOINTS]
    number = image_number(str(annotation.event), annotation.frame)
    return {
        'id': number,
        'image_id': number,
        'category_id': 1,
        'bbox': annotation.box,
        'area': max(annotation.area, 1),
        'iscrowd': 0,
        'segmentation': [],
        'keypoints': [value for point in keypoints for value in point],
        'num_keypoints': sum(seen > 0 for *_, seen in keypoints),
    }
