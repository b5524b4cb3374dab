"""Rows that passed all checks, as COCO's format has them."""

from ..jbd_format import BONES, KEYPOINTS, frame_file, image_number
from .rows import Athlete, Box, Key

MASK_SHARE = 0.53
"""Share of its box that an athlete's mask covers; mmpose's value where no mask is known."""

LABELED = 2  # COCO's visibility: 0 not labeled, 1 hidden, 2 visible; JBD's readers tell two

CATEGORY = {
    'id': 1,
    'name': 'person',
    'supercategory': 'person',
    'keypoints': list(KEYPOINTS),
    'skeleton': [[KEYPOINTS.index(name) + 1 for name in pair] for pair in BONES],
}


def coco_image(key: Key, size: tuple[int, int]) -> dict:
    """The entry of a frame."""
    width, height = size
    return {
        'id': image_number(*key),
        'file_name': frame_file(*key),
        'width': width,
        'height': height,
        'event': key[0],
        'frame_num': key[1],
    }


def coco_annotation(key: Key, athlete: Athlete, box: Box) -> dict:
    """The entry of the athlete in a frame; there is one, so the ids are those of the frames."""
    _, _, width, height = box
    keypoints = [
        value for x, y, labeled in athlete.keypoints for value in (x, y, LABELED if labeled else 0)
    ]
    return {
        'id': image_number(*key),
        'image_id': image_number(*key),
        'category_id': CATEGORY['id'],
        'bbox': list(box),
        'area': round(MASK_SHARE * width * height, 2),
        'iscrowd': 0,
        'keypoints': keypoints,
        'num_keypoints': sum(labeled for *_, labeled in athlete.keypoints),
        'event': key[0],
        'frame_num': key[1],
        'athlete': athlete.athlete,
        'slowmotion': athlete.slowmotion,
    }


def coco_file(split: str, images: list[dict], annotations: list[dict]) -> dict:
    """A whole annotation file."""
    return {
        'info': {'description': f'Jump Broadcast Dataset, {split}'},
        'images': images,
        'annotations': annotations,
        'categories': [CATEGORY],
    }
