"""The config's own metrics, of the model and of its file, on the same images."""

from collections.abc import Callable, Mapping, Sequence

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope

from ..search.evaluator import collate
from ..search.images import load
from ..search.scoring import labeled_scorer
from .pictures import Pictures


@torch.inference_mode()
def scores(
    cfg: Config,
    models: Mapping[str, BaseModel],
    pictures: Pictures,
    on_image: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, float]]:
    """Score models on a labeled test set.

    Args:
        cfg: With the evaluator.
        models: Ready for inference.
        pictures: Of the test set.
        on_image: Called after each image and model.

    Returns:
        For each model, its metrics in percent.

    Raises:
        ValueError: If the evaluator's metrics cannot be computed so, or the images are of another
            size than an exported model takes.
    """
    source = pictures.source
    assert source is not None
    found: dict[str, list[tuple]] = {name: [] for name in models}
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmseg')):
        scorer = labeled_scorer(cfg, source.meta)
        for index in pictures.indices():
            (sample,) = load(source, [index]).samples
            for name, model in models.items():
                predicted = model.test_step(collate([sample]))
                found[name] += scorer.process([each.to_dict() for each in predicted])
                on_image()
        return {name: scorer.compute(results) for name, results in found.items()}


def main_metric(metrics: Sequence[str]) -> str:
    """The metric that a drop is measured in."""
    return next((name for name in ('mIoU', 'PCK', 'coco/AP') if name in metrics), metrics[0])
