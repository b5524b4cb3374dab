"""What merging changes in a trained model: its metrics, and the pixels of another class."""

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
from mmseg_tome.analysis.search.scoring import Scorer
from mmseg_tome.strategies import TomeCfg

AGREEMENT = 'agreement'


def model_name(config: Path) -> str:
    """What a config's model is called in results: the variant in its name, or the name."""
    variant = re.search('mit-(b[0-5])', config.stem)
    return variant[1] if variant else config.stem


@dataclass(frozen=True)
class Predictions:
    """What the metrics need of each image, with one strategy.

    Args:
        labeled: Against the labels.
        unmerged: Against what the model predicts without merging.
    """

    labeled: Sequence[tuple]
    unmerged: Sequence[tuple]


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
        models: Segmentors by name, ready for inference; the unmerged one first. Each is used before
            the next is asked for.
        images: With labels.
        labeled: The metrics against labels.
        agreement: The metrics against the unmerged prediction.
        on_image: Called after every image.
    """
    unmerged: list[torch.Tensor] = []
    found: dict[str, Predictions] = {}
    for name, model in models:
        columns: tuple[list[tuple], list[tuple]] = ([], [])
        for sample in _predictions(model, images):
            classes = sample['pred_sem_seg']['data']
            if not found:
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
        the share of pixels whose class is that of its prediction. All in percent.
    """
    none = next(iter(predictions.values()))
    unmerged = labeled.compute(none.labeled)
    for name, one in predictions.items():
        row = replace(about(name), unit='%', samples=len(one.labeled))
        for metric, value in labeled.compute(one.labeled).items():
            yield replace(row, metric=metric, value=value)
            if one is not none and metric in ('mIoU', 'mIoU_small'):
                low, high = paired_bootstrap(
                    one.labeled, none.labeled, metric, labeled.compute, block
                )
                change = value - unmerged[metric]
                yield replace(row, metric=f'{metric} change', value=change, low=low, high=high)
        value = agreement.compute(one.unmerged)[AGREEMENT]
        yield replace(row, metric=AGREEMENT, value=value)
