"""Fig. 4: poses."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from mmseg_tome.analysis.comparison import Comparison, Predictor
from mmseg_tome.analysis.image_files import find_images
from mmseg_tome.evaluation.pck import box_size, normalized_distances

from ..pictures.pose import draw_poses
from ..pictures.pose_sample import PoseSample, make_person, take_person
from .figures import Figure
from .summary import NONE


class PoseFigure(Figure[PoseSample]):
    """A picture per image with all its people, or one with people of the test set.

    Args:
        boxes: COCO annotations with the people's boxes in images that are given; without, the whole
            image is one.
    """

    name = 'figure4'
    numbered = 'person'

    def __init__(self, boxes: Path | None = None) -> None:
        self._boxes = boxes

    def of_test_set(
        self, comparison: Comparison, strategies: Sequence[str], indices: Sequence[int]
    ) -> dict[str, list[PoseSample]]:
        return {'test-set': [take_person(comparison, index, strategies) for index in indices]}

    def of_images(
        self, predictor: Predictor, cfg: Config, strategies: Sequence[str], paths: Sequence[Path]
    ) -> dict[str, list[PoseSample]]:
        images = find_images(paths)
        known = read_boxes(self._boxes, images) if self._boxes else {}
        pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
        people: dict[str, list[PoseSample]] = {}
        for path in images:
            height, width = mmcv.imread(str(path)).shape[:2]
            people[path.stem] = []
            for x, y, w, h in known.get(path, [(0, 0, width, height)]):
                data = pipeline(
                    {
                        'img_path': str(path),
                        'bbox': np.array([[x, y, x + w, y + h]], np.float32),
                        'bbox_score': np.ones(1, np.float32),
                        **predictor.model.dataset_meta,
                    }
                )
                people[path.stem].append(make_person(predictor.predict_data(data, strategies)))
        return people

    def draw(self, samples: Sequence[PoseSample], meta: Mapping[str, Any], path: Path) -> None:
        draw_poses(samples, meta['skeleton_links'], meta['skeleton_link_colors'], path)

    def compare(self, sample: PoseSample, strategy: str) -> dict[str, float]:
        size = box_size(sample.box)
        predicted = sample.predictions[strategy]
        everything = np.ones_like(sample.visible)
        moved = normalized_distances(predicted, sample.predictions[NONE], everything, size)
        row = {
            '% of box moved from none, mean': 100 * moved.mean(),
            '% of box moved, most': 100 * moved.max(),
        }
        if sample.truth is not None:
            off = normalized_distances(predicted, sample.truth, sample.visible, size)
            off = off[sample.visible]
            row |= {f'% right within {t:g}': 100 * (off < t).mean() for t in (0.1, 0.05)}
        return row


def read_boxes(path: Path, images: Sequence[Path]) -> dict[Path, list[Sequence[float]]]:
    """Read the boxes ``[x, y, w, h]`` of images from a file in COCO's format, by file name.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has another format, or no box for an image.
    """
    try:
        content = json.loads(path.read_text())
        names = {image['id']: Path(image['file_name']).name for image in content['images']}
        annotations = [(names[a['image_id']], a['bbox']) for a in content['annotations']]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"--boxes {path}: not in COCO's format, with images and annotations ({error!r})"
        ) from error
    boxes = {image: [box for name, box in annotations if name == image.name] for image in images}
    if missing := [str(image) for image in images if not boxes[image]]:
        raise ValueError(f'--boxes {path} has no box for {", ".join(missing)}')
    return boxes
