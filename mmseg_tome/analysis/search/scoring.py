"""Quality by the metrics of the config, from areas or distances that are kept image by image."""

from collections.abc import Sequence
from typing import Any

from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.registry import METRICS

# The metrics of predictions that are compared with those of the unmerged model.
AGREEMENT = {'aAcc': 'agreement', 'mIoU': 'agreement_mIoU'}


class Scorer:
    """Metrics over any choice of images.

    What a metric needs of an image (areas of classes, distances of keypoints) is kept, and summed
    over the images that are asked for, as the metric itself does: never a mean over images.

    Args:
        metrics: That keep one result per image, with their dataset's meta information.
        names: What is reported, by the metric's name for it; None for everything.
    """

    def __init__(self, metrics: Sequence[BaseMetric], names: dict[str, str] | None = None) -> None:
        self._metrics = metrics
        self._names = names

    def process(self, samples: Sequence[dict]) -> list[tuple]:
        """Reduce predictions and ground truth to what the metrics need: one per image."""
        columns = []
        for metric in self._metrics:
            metric.results.clear()
            metric.process({}, samples)
            columns.append(list(metric.results))
            metric.results.clear()
        return list(zip(*columns, strict=True))

    def compute(self, results: Sequence[tuple]) -> dict[str, float]:
        """Compute all metrics over images, in percent."""
        values: dict[str, Any] = {}
        for metric, column in zip(self._metrics, zip(*results, strict=True), strict=True):
            percent = 100 if _is_pck(metric) else 1
            found = metric.compute_metrics(list(column))
            values |= {name: percent * float(value) for name, value in found.items()}
        if self._names is not None:
            return {name: values[key] for key, name in self._names.items()}
        return values


def default_metric(names: Sequence[str]) -> str:
    """What is taken for quality if nothing is asked for: mIoU, or the first metric."""
    return 'mIoU' if 'mIoU' in names else names[0]


def labeled_scorer(cfg: Config, meta: dict) -> Scorer:
    """The metrics of a config's test evaluator that rates can be searched by.

    Args:
        cfg: The config.
        meta: Meta information of its test set.

    Raises:
        ValueError: If there is no IoUMetric, SmallIoUMetric or PCKMetric among them.
    """
    evaluators = cfg.test_evaluator
    evaluators = [evaluators] if isinstance(evaluators, dict) else evaluators
    built = [METRICS.build(evaluator) for evaluator in evaluators]
    metrics = [metric for metric in built if _is_iou(metric) or _is_pck(metric)]
    if not metrics:
        raise ValueError(
            f'test_evaluator = {[e["type"] for e in evaluators]} is not searched by: it needs '
            'IoUMetric, SmallIoUMetric or PCKMetric'
        )
    for metric in metrics:
        metric.dataset_meta = meta
    return Scorer(metrics)


def agreement_scorer(num_classes: int) -> Scorer:
    """The share of pixels whose class is that of the ground truth, and the mean IoU with it."""
    from mmseg.evaluation import IoUMetric

    metric = IoUMetric(ignore_index=-1)  # every pixel counts
    metric.dataset_meta = {'classes': [str(number) for number in range(num_classes)]}
    return Scorer([metric], AGREEMENT)


def _is_iou(metric: BaseMetric) -> bool:
    return _is_a(metric, 'IoUMetric') and 'mIoU' in metric.metrics and not metric.format_only


def _is_pck(metric: BaseMetric) -> bool:
    return _is_a(metric, 'PCKMetric')


def _is_a(metric: BaseMetric, name: str) -> bool:
    """By name: of mmseg and mmpose, only one need be installed."""
    return any(c.__name__ == name for c in type(metric).__mro__)
