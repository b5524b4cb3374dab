"""Mean IoU, and beside it the mean IoU of the classes that are small in the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from ..suggestions import closest_name

CITYSCAPES_SMALL_CLASSES = ('fence', 'pole', 'traffic light', 'traffic sign')
"""The classes of the paper's mIoU_small (Sec. IV-A)."""

IOU_METRICS = ('mIoU', 'mDice', 'mFscore')


@METRICS.register_module()
class SmallIoUMetric(IoUMetric):
    """MMSegmentation's `IoUMetric` plus `mIoU_small`, the mean IoU of a few small classes.

    All other results are the stock metric's own, computed by its code. `mIoU_small` follows the
    same rules as its `mIoU`: intersections and unions are summed over the data set before they
    are divided; a class that occurs neither in the ground truth nor in a prediction has IoU NaN
    and is left out of the mean (of all small classes absent, the result is NaN), unless
    `nan_to_num` replaces NaN; one that is predicted but absent from the ground truth counts as 0.
    It is reported whatever `iou_metrics` asks for, in percent, rounded to two decimals.

    Args:
        small_classes: Names of the small classes, as in the data set's `classes`. Defaults to the
            paper's four of Cityscapes.
        ignore_index: Label that is not evaluated.
        iou_metrics: What the stock metric reports: any of 'mIoU', 'mDice', 'mFscore'.
        nan_to_num: What replaces NaN, if anything.
        beta: Weight of recall in the F-score.
        collect_device: 'cpu' or 'gpu', where results of all processes are gathered.
        output_dir: Folder in which predictions are saved as PNG.
        format_only: Save predictions without evaluating them.
        prefix: Put before the names of all results.
        keep_results: Without effect, as in the stock metric; MMSegmentation's test script
            passes it along with `--out`.
        per_class: Whether the IoU of each small class is reported too, as `IoU/pole`.

    Raises:
        TypeError: If an argument is unknown; the stock metric takes it in silence.
        ValueError: If `small_classes` is empty, has duplicates or, once the data set is known
            (before training or testing starts), has a name that the data set lacks; or if
            `iou_metrics` names none of the stock metrics.
    """

    def __init__(
        self,
        small_classes: str | Sequence[str] = CITYSCAPES_SMALL_CLASSES,
        ignore_index: int = 255,
        iou_metrics: str | Sequence[str] = ('mIoU',),
        nan_to_num: int | None = None,
        beta: int = 1,
        collect_device: str = 'cpu',
        output_dir: str | None = None,
        format_only: bool = False,
        prefix: str | None = None,
        keep_results: bool = False,
        per_class: bool = False,
    ) -> None:
        iou_metrics = _as_list(iou_metrics)
        for name in iou_metrics:
            if name not in IOU_METRICS:
                raise ValueError(
                    f'iou_metrics={iou_metrics}: {name!r} is none of {", ".join(IOU_METRICS)}'
                    f'{_did_you_mean(name, IOU_METRICS)}'
                )
        super().__init__(
            ignore_index=ignore_index,
            iou_metrics=iou_metrics,
            nan_to_num=nan_to_num,
            beta=beta,
            collect_device=collect_device,
            output_dir=output_dir,
            format_only=format_only,
            prefix=prefix,
        )
        self.small_classes = _as_list(small_classes)
        if not self.small_classes:
            raise ValueError(
                'small_classes is empty: name at least one class, or use IoUMetric for mIoU alone'
            )
        if len(set(self.small_classes)) < len(self.small_classes):
            raise ValueError(f'small_classes={self.small_classes} names a class twice')
        self.per_class = per_class

    @property
    def dataset_meta(self) -> dict | None:
        """Meta information of the data set, set by the loops before they start."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict | None) -> None:
        # Checked here, not when results are in: that would be after the first validation.
        if dataset_meta is not None:
            self._small_indices(dataset_meta['classes'])
        self._dataset_meta = dataset_meta

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Adds `mIoU_small` to the stock metrics.

        Args:
            results: Per image, the areas of intersection, union, prediction and label of each
                class, gathered from all processes.

        Returns:
            Name to value, in percent; empty with `format_only`.
        """
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        intersect, union, predicted, label = (sum(areas) for areas in zip(*results, strict=True))
        iou = self.total_area_to_metrics(
            intersect, union, predicted, label, ['mIoU'], self.nan_to_num
        )['IoU']
        assert self.dataset_meta is not None  # set before the loop
        small = iou[self._small_indices(self.dataset_meta['classes'])]
        metrics['mIoU_small'] = np.round(np.nanmean(small) * 100, 2)
        print_log(
            f'mIoU_small: {metrics["mIoU_small"]:.2f} (mean over {", ".join(self.small_classes)})',
            logger='current',
        )
        if self.per_class:
            for name, value in zip(self.small_classes, small, strict=True):
                metrics[f'IoU/{name}'] = np.round(value * 100, 2)
        return metrics

    def _small_indices(self, classes: Sequence[str]) -> list[int]:
        """Positions of the small classes among the data set's `classes`."""
        classes = list(classes)
        for name in self.small_classes:
            if name not in classes:
                raise ValueError(
                    f'small_classes={self.small_classes}: {name!r} is no class of this data set'
                    f'{_did_you_mean(name, classes)}; it has: {", ".join(classes)}'
                )
        return [classes.index(name) for name in self.small_classes]


def _as_list(names: str | Sequence[str]) -> list[str]:
    # One name on the command line (`--cfg-options`) arrives as a plain string.
    return [names] if isinstance(names, str) else list(names)


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = closest_name(name, known)
    return f' (did you mean {close!r}?)' if close else ''
