"""What merging changes in a trained model: its metrics, and what it predicts otherwise."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from mmengine.model import BaseModel

from mmseg_tome import apply_tome
from mmseg_tome.analysis.results import Result
from mmseg_tome.analysis.search.bootstrap import paired_bootstrap
from mmseg_tome.analysis.search.evaluator import collate
from mmseg_tome.analysis.search.images import Images
from mmseg_tome.analysis.search.scoring import Scorer, agreement_scorer
from mmseg_tome.strategies import TomeCfg

AGREEMENT = 'agreement'
#: How far from the unmerged prediction a keypoint agrees with it, as a part of the box's longer
#: side: about one cell of a heatmap of 48x64.
SAME_KEYPOINT = 0.02
# Whose change against the unmerged model has an interval.
_CHANGES = re.compile('mIoU|mIoU_small|PCK@[0-9.]+')


def model_name(config: Path) -> str:
    """What a config's model is called in results: the variant in its name, or the name."""
    variant = re.search('mit-(b[0-5])', config.stem)
    return variant[1] if variant else config.stem


def size_of(images: Images) -> dict[str, int]:
    """Height and width in pixels of what the model is given; nothing if images differ in them."""
    sizes = {tuple(sample['inputs'].shape[-2:]) for sample in images.samples}
    return dict(zip(('height', 'width'), *sizes, strict=True)) if len(sizes) == 1 else {}


@dataclass(frozen=True)
class Predictions:
    """What the metrics need of each image, with one strategy.

    Args:
        labeled: Against the labels.
        unmerged: Against what the model predicts without merging.
    """

    labeled: Sequence[tuple]
    unmerged: Sequence[tuple]


def unmerged_scorer(model: BaseModel) -> Scorer:
    """What is told of a model against its unmerged prediction, named :data:`AGREEMENT`.

    Of a segmentor, the share of pixels of the same class; of a pose estimator, that of visible
    keypoints within :data:`SAME_KEYPOINT`.
    """
    if hasattr(model, 'decode_head'):
        return agreement_scorer(model.decode_head.num_classes)
    from mmseg_tome.evaluation import PCKMetric

    return Scorer([PCKMetric(SAME_KEYPOINT)], {f'PCK@{SAME_KEYPOINT:g}': AGREEMENT})


def merged(model: BaseModel, strategies: Mapping[str, TomeCfg]) -> Iterator[tuple[str, BaseModel]]:
    """The same model without merging, and then with every strategy (``tome_cfg`` by name)."""
    for name, tome_cfg in {'none': None, **strategies}.items():
        apply_tome(model, tome_cfg)
        yield name, model


@torch.inference_mode()
def predict(
    models: Iterable[tuple[str, BaseModel]],
    images: Images,
    labeled: Scorer,
    agreement: Scorer,
    on_image: Callable[[], None] = lambda: None,
) -> dict[str, Predictions]:
    """Predict all images with every model.

    Args:
        models: Segmentors or pose estimators by name, ready for inference; the unmerged one first.
            Each is used before the next is asked for.
        images: With labels.
        labeled: The metrics against labels.
        agreement: The metrics against the unmerged prediction.
        on_image: Called after every image.
    """
    unmerged: list[dict] = []
    found: dict[str, Predictions] = {}
    for name, model in models:
        columns: tuple[list[tuple], list[tuple]] = ([], [])
        for sample in _predictions(model, images):
            if not found:
                unmerged.append(_as_truth(sample))
            columns[0].extend(labeled.process([sample]))
            columns[1].extend(agreement.process([sample | unmerged[len(columns[1])]]))
            on_image()
        found[name] = Predictions(*columns)
    return found


def _as_truth(sample: dict) -> dict:
    """A prediction in place of the ground truth."""
    if 'pred_sem_seg' in sample:
        return {'gt_sem_seg': {'data': sample['pred_sem_seg']['data'].clone()}}
    keypoints = sample['pred_instances']['keypoints'].copy()
    return {'gt_instances': {**sample['gt_instances'], 'keypoints': keypoints}}


def _predictions(model: BaseModel, images: Images) -> Iterator[dict]:
    for batch in images.batches(1):
        yield from (sample.to_dict() for sample in model.test_step(collate(batch)))


def results(
    predictions: Mapping[str, Predictions],
    labeled: Scorer,
    agreement: Scorer,
    block: int,
    about: Callable[[str], Result],
) -> Iterator[Result]:
    """Turn predictions into rows of results.

    Args:
        predictions: What :func:`predict` returned.
        labeled: The metrics against labels.
        agreement: The metrics against the unmerged prediction.
        block: How many images that follow each other are drawn together for intervals.
        about: Called with the name of a model; the columns of its rows.

    Yields:
        Every metric; the change of every metric against the first model, with its interval; and
        the share of pixels or keypoints that agree with its prediction. All in percent.
    """
    none = next(iter(predictions.values()))
    unmerged = labeled.compute(none.labeled)
    for name, one in predictions.items():
        row = replace(about(name), unit='%', samples=len(one.labeled))
        for metric, value in labeled.compute(one.labeled).items():
            yield replace(row, metric=metric, value=value)
            if one is not none and _CHANGES.fullmatch(metric):
                low, high = paired_bootstrap(
                    one.labeled, none.labeled, metric, labeled.compute, block
                )
                change = value - unmerged[metric]
                yield replace(row, metric=f'{metric} change', value=change, low=low, high=high)
        value = agreement.compute(one.unmerged)[AGREEMENT]
        yield replace(row, metric=AGREEMENT, value=value)
