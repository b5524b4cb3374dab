"""What Figs. 1 and 4 are drawn of: images that are given, or some of the test set."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from mmseg_tome.analysis.comparison import Comparison, Predictor
from mmseg_tome.analysis.tokens.show import find_images

from ..pictures.pose import PoseSample, make_sample
from ..pictures.pose import take_sample as take_person
from ..pictures.segmentation import Sample, take_sample


def spread(length: int, count: int) -> list[int]:
    """Indices spread evenly over a test set."""
    count = min(count, length)
    return [i * length // count for i in range(count)]


def segmentations_of_test_set(
    comparison: Comparison, strategies: Mapping[str, str], count: int
) -> dict[str, Sample]:
    """Predict images of the test set, which have ground truth, by their names."""
    samples = {}
    for index in spread(len(comparison.dataset), count):
        name = Path(comparison.dataset.get_data_info(index)['img_path']).stem
        sample = take_sample(comparison, index, list(strategies.values()))
        samples[name] = Sample(sample.image, sample.truth, _named(sample.predictions, strategies))
    return samples


def segmentations_of_images(
    predictor: Predictor, cfg: Config, strategies: Mapping[str, str], paths: Sequence[Path]
) -> dict[str, Sample]:
    """Predict images, by their names."""
    steps = [s for s in cfg.test_dataloader.dataset.pipeline if s['type'] != 'LoadAnnotations']
    pipeline = Compose(steps)
    samples = {}
    for path in find_images(paths):
        data = pipeline(dict(img_path=str(path)))
        results = predictor.predict_data(data, list(strategies.values()))
        labels = {name: r.pred_sem_seg.data[0].cpu().numpy() for name, r in results.items()}
        image = mmcv.imread(str(path), channel_order='rgb')
        samples[path.stem] = Sample(image, None, _named(labels, strategies))
    return samples


def people_of_test_set(
    comparison: Comparison, strategies: Mapping[str, str], count: int
) -> dict[str, list[PoseSample]]:
    """Predict people of the test set, which have ground truth, as one group."""
    people = []
    for index in spread(len(comparison.dataset), count):
        sample = take_person(comparison, index, list(strategies.values()))
        people.append(_renamed(sample, strategies))
    return {'test-set': people}


def people_of_images(
    predictor: Predictor,
    cfg: Config,
    strategies: Mapping[str, str],
    paths: Sequence[Path],
    boxes: Path | None,
) -> dict[str, list[PoseSample]]:
    """Predict all people of images, by the images' names.

    Args:
        predictor: The model.
        cfg: Its config.
        strategies: ``tome_cfg`` by name.
        paths: Images, or folders of them.
        boxes: COCO annotations with the people's boxes; without, the whole image is one.

    Raises:
        ValueError: If the file has no box for one of the images.
    """
    images = find_images(paths)
    known = read_boxes(boxes, images) if boxes else {}
    pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
    people = {}
    for path in images:
        height, width = mmcv.imread(str(path)).shape[:2]
        people[path.stem] = []
        for box in known.get(path, [(0, 0, width, height)]):
            x, y, w, h = box
            data = pipeline(
                {
                    'img_path': str(path),
                    'bbox': np.array([[x, y, x + w, y + h]], np.float32),
                    'bbox_score': np.ones(1, np.float32),
                    **predictor.model.dataset_meta,
                }
            )
            results = predictor.predict_data(data, list(strategies.values()))
            people[path.stem].append(_renamed(make_sample(results), strategies))
    return people


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


def _named(predictions: Mapping, strategies: Mapping[str, str]) -> dict:
    """By the strategies' names instead of their ``tome_cfg``."""
    return {name: predictions[tome_cfg] for name, tome_cfg in strategies.items()}


def _renamed(sample: PoseSample, strategies: Mapping[str, str]) -> PoseSample:
    return PoseSample(
        sample.image,
        sample.region,
        sample.box,
        sample.truth,
        sample.visible,
        _named(sample.predictions, strategies),
    )
