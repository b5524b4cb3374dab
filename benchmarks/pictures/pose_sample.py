"""A person, and where several strategies see their keypoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mmcv
import numpy as np
from mmengine.structures import BaseDataElement

from mmseg_tome.analysis.comparison import Comparison


@dataclass(frozen=True)
class PoseSample:
    """A person in an image, their keypoints if known, and the predictions of several strategies.

    Args:
        image: ``[H, W, 3]``, RGB, uint8.
        region: What the model saw of the image: left, top, right and bottom in pixels, also beyond
            its edges.
        box: The person's box, ``[x1, y1, x2, y2]`` in pixels.
        truth: Keypoints ``[K, 2]`` in pixels, or None.
        visible: Which keypoints are labeled, ``[K]`` of bool; all, without ground truth.
        predictions: Keypoints ``[K, 2]`` in pixels by strategy.
    """

    image: np.ndarray
    region: np.ndarray
    box: np.ndarray
    truth: np.ndarray | None
    visible: np.ndarray
    predictions: dict[str, np.ndarray]

    @property
    def reference(self) -> np.ndarray:
        """What predictions are drawn over: ground truth, or without one the first of them."""
        return next(iter(self.predictions.values())) if self.truth is None else self.truth


def take_person(comparison: Comparison, index: int, strategies: Sequence[str]) -> PoseSample:
    """Predict a person of the test set with every strategy."""
    people = comparison.predict(index, strategies)
    truth = next(iter(people.values())).gt_instances
    return make_person(people, truth.keypoints[0], truth.keypoints_visible[0].astype(bool))


def make_person(
    people: Mapping[str, BaseDataElement],
    truth: np.ndarray | None = None,
    visible: np.ndarray | None = None,
) -> PoseSample:
    """Collect the predictions of one person.

    Args:
        people: As :class:`Predictor` returns them.
        truth: Keypoints ``[K, 2]`` in pixels, if known.
        visible: Which of them are labeled, ``[K]`` of bool.
    """
    person = next(iter(people.values()))
    half = person.input_scale / 2
    count = person.pred_instances.keypoints.shape[1]
    return PoseSample(
        image=mmcv.imread(person.img_path, channel_order='rgb'),
        region=np.concatenate([person.input_center - half, person.input_center + half]),
        box=person.gt_instances.bboxes[0],
        truth=truth,
        visible=np.ones(count, bool) if visible is None else visible,
        predictions={name: p.pred_instances.keypoints[0] for name, p in people.items()},
    )
