"""Says which of a detector's boxes belongs to no image of the annotation file.

mmpose looks up the image of each box, and ends in a bare ``KeyError`` with the id.
"""

import functools
from typing import Any


def patch() -> tuple[str, ...]:
    """Let mmpose's datasets name the file and the image of a box that they cannot place.

    Imports mmpose, so it is not for the start, but for when mmpose has been imported anyway.
    """
    from mmpose.datasets.datasets.base import BaseCocoStyleDataset

    original = BaseCocoStyleDataset._load_detection_results
    if getattr(original, 'names_images', False):
        return ()

    @functools.wraps(original)
    def _load_detection_results(self: Any) -> Any:
        try:
            return original(self)
        except (KeyError, TypeError) as error:
            message = _unknown_images(self)
            if message is None:
                raise
            raise ValueError(message) from error

    _load_detection_results.names_images = True
    BaseCocoStyleDataset._load_detection_results = _load_detection_results
    return ('mmpose bbox_file',)


def _unknown_images(dataset: Any) -> str | None:
    """Returns what is wrong; None if every box has an image, so that something else is."""
    from mmengine.fileio import load

    boxes = load(dataset.bbox_file)
    if not hasattr(dataset, 'coco') or any('image_id' not in box for box in boxes):
        return None
    known = dataset.coco.imgs
    unknown = [box['image_id'] for box in boxes if box['image_id'] not in known]
    if not unknown:
        return None
    return (
        f'bbox_file {dataset.bbox_file} has boxes of images that {dataset.ann_file} does not have: '
        f'{len(unknown)} of {len(boxes)}, the first with image_id {unknown[0]!r}; give the '
        'detections of the same images'
    )
