"""What merging changes in a trained model: its metrics, and the pixels of another class."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from mmengine.model import BaseModel

from mmseg_tome import apply_tome
from mmseg_tome.analysis.results import Result
from mmseg_tome.analysis.search.bootstrap import paired_bootstrap
from mmseg_tome.analysis.search.evaluator import collate
from mmseg_tome.analysis.search.images import Images
from mmseg_tome.analysis.search.scoring import Scorer

AGREEMENT = 'agreement'


@dataclass(frozen=True)
class Predictions:
    """What the metrics need of each image, with one strategy.

    Args:
        labeled: Against the labels.
        unmerged: Against what the model predicts without merging.
    """

    labeled: Sequence[tuple]
    unmerged: Sequence[tuple]


@torch.inference_mode()
def predict(
    model: BaseModel,
    strategies: Mapping[str, str],
    images: Images,
    labeled: Scorer,
    agreement: Scorer,
    on_image: Callable[[], None] = lambda: None,
) -> dict[str, Predictions]:
    """Predict all images with every strategy, and without one first.

    Args:
        model: A segmentor, ready for inference.
        strategies: ``tome_cfg`` by name.
        images: With labels.
        labeled: The metrics against labels.
        agreement: The metrics against the unmerged prediction.
        on_image: Called after every image.
    """
    unmerged: list[torch.Tensor] = []
    found = {}
    for name, tome_cfg in {'none': 'none', **strategies}.items():
        apply_tome(model, tome_cfg)
        columns: tuple[list[tuple], list[tuple]] = ([], [])
        for sample in _predictions(model, images):
            classes = sample['pred_sem_seg']['data']
            if name == 'none':
                unmerged.append(classes.clone())
            columns[0].extend(labeled.process([sample]))
            truth = {'data': unmerged[len(columns[1])]}
            columns[1].extend(agreement.process([{**sample, 'gt_sem_seg': truth}]))
            on_image()
        found[name] = Predictions(*columns)
    return found


def _predictions(model: BaseModel, images: Images) -> Iterator[dict]:
    for batch in images.batches(1):
        yield from (sample.to_dict() for sample in model.test_step(collate(batch)))


def results(
    predictions: Mapping[str, Predictions],
    labeled: Scorer,
    agreement: Scorer,
    block: int,
    **about: str,
) -> list[Result]:
    """Turn predictions into rows of results.

    Args:
        predictions: What :func:`predict` returned.
        labeled: The metrics against labels.
        agreement: The metrics against the unmerged prediction.
        block: How many images that follow each other are drawn together for intervals.
        about: Columns of all rows.

    Returns:
        Every metric; the change of every metric against no merging, with its interval; and the
        share of pixels whose class is that of the unmerged prediction. All in percent.
    """
    new = functools.partial(
        Result, 'without-retraining', unit='%', batch='1', dtype='fp32', mode='inference',
        implementation='ours', **about,
    )  # fmt: skip
    none, rows = predictions['none'], []
    unmerged = labeled.compute(none.labeled)
    for name, one in predictions.items():
        row = functools.partial(new, strategy=name, samples=len(one.labeled))
        for metric, value in labeled.compute(one.labeled).items():
            rows.append(row(metric, value))
            if name != 'none' and metric in ('mIoU', 'mIoU_small'):
                low, high = paired_bootstrap(
                    one.labeled, none.labeled, metric, labeled.compute, block
                )
                change = value - unmerged[metric]
                rows.append(row(f'{metric} change', change, low=low, high=high))
        rows.append(row(AGREEMENT, agreement.compute(one.unmerged)[AGREEMENT]))
    return rows
