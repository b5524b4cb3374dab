"""PCK as an evaluator: several thresholds, normalized by box or by torso."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS

from ..suggestions import closest_name
from .pck import MIN_TORSO, box_size, normalized_distances, pck_per_keypoint, torso_size

# What the name of a result starts with; the letters are those of mmpose's PCKAccuracy.
NAMES = {'bbox': 'PCK', 'torso': 'tPCK'}
DETECTOR_BOXES = ('refuse', 'leave_out')

Joint = int | str


@METRICS.register_module()
class PCKMetric(BaseMetric):
    """Percentage of correct keypoints of a top-down model, from 0 to 1, per threshold.

    A keypoint is correct if it is less than `threshold × size` from the ground truth. The size of
    an instance is the longer side of its box, or the length of its torso. A result is the mean
    over the keypoints of the share of instances in which the keypoint is correct; with boxes it is
    that of mmpose's `PCKAccuracy`. Results are named `PCK@0.1` and so on, by torso `tPCK@0.1`.

    What does not count:

    - an invisible keypoint, and so an instance without visible keypoints;
    - an instance without a size: its box has no extent, or none of the pairs of `torso_joints` is
      visible and at least a pixel apart. The log says how many there were;
    - in the mean, a keypoint that counts in no instance. If none counts at all, it is NaN.

    With a detector's boxes (`bbox_file`) there is no ground truth to compare with: mmpose fills in
    keypoints at (0, 0) that are marked visible. They are recognized by that, beside a score of the
    box and no annotation; people who were annotated so count as any others.

    Args:
        thresholds: One or several, as parts of the size.
        norm_item: 'bbox', as in the Segformer++ paper, or 'torso', as in the papers of the Jump
            Broadcast Dataset.
        torso_joints: For 'torso', pairs of joints (indices or names) across the torso, such as a
            shoulder and the opposite hip; each pair is the fallback of the ones before it.
        per_keypoint: Whether each keypoint's share is reported too, as `PCK@0.1/left_hip`.
        detector_boxes: With a detector's boxes, 'refuse' raises an error, and 'leave_out' reports
            nothing, with a warning: what other evaluators report is left.
        collect_device: 'cpu' or 'gpu', where results of all processes are gathered.
        prefix: Put before the names of all results.

    Raises:
        ValueError: If an argument is not allowed; if a joint is not in the data set, as soon as
            that is known; if there is no ground truth for the boxes, or there are no samples.
    """

    default_prefix = ''  # the names say what they are

    def __init__(
        self,
        thresholds: float | Sequence[float] = (0.1, 0.05),
        norm_item: str = 'bbox',
        torso_joints: Sequence[tuple[Joint, Joint]] | None = None,
        per_keypoint: bool = False,
        detector_boxes: str = 'refuse',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thresholds = _checked_thresholds(thresholds)
        _check_choice('norm_item', norm_item, tuple(NAMES))
        _check_choice('detector_boxes', detector_boxes, DETECTOR_BOXES)
        if norm_item == 'torso' and not torso_joints:
            raise ValueError(
                "norm_item = 'torso' needs torso_joints, pairs of joints across the torso, such as "
                "[('left_shoulder', 'right_hip'), ('right_shoulder', 'left_hip')]"
            )
        if norm_item != 'torso' and torso_joints is not None:
            raise ValueError(f'torso_joints does not belong to norm_item = {norm_item!r}')
        if any(isinstance(pair, str) or len(pair) != 2 for pair in torso_joints or ()):
            raise ValueError(f'torso_joints = {torso_joints!r} is not allowed: give pairs')
        self.norm_item = norm_item
        self.torso_joints = torso_joints
        self.per_keypoint = per_keypoint
        self.detector_boxes = detector_boxes
        self._pairs: list[tuple[int, int]] = []

    @property
    def dataset_meta(self) -> dict | None:
        """Meta information of the data set, set by the loops before they start."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict | None) -> None:
        if dataset_meta is not None and self.torso_joints:
            names = [name for _, name in sorted(dataset_meta['keypoint_id2name'].items())]
            self._pairs = [
                (_joint_index(first, names), _joint_index(second, names))
                for first, second in self.torso_joints
            ]
        self._dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Notes the normalized distances ``[K]`` of each sample's instance."""
        for sample in data_samples:
            self.results.append(self._process(sample))

    def _process(self, sample: dict) -> dict[str, Any]:
        truth = sample['gt_instances']
        predicted = np.asarray(sample['pred_instances']['keypoints'])
        keypoints = np.asarray(truth['keypoints'])
        if predicted.shape != keypoints.shape or len(keypoints) != 1:
            raise ValueError(
                f'PCK compares one prediction [1, K, 2] with one ground truth, but got shapes '
                f'{predicted.shape} and {keypoints.shape}: it is for top-down models with all '
                'keypoints of the data set'
            )
        visible = (
            np.asarray(truth['keypoints_visible']).astype(bool).reshape(1, len(keypoints[0]), -1)
        )
        predicted, keypoints, visible = predicted[0], keypoints[0], visible[0, :, 0]
        if visible.all() and not keypoints.any() and _is_detected(sample):
            if self.detector_boxes == 'refuse':
                raise ValueError(
                    f"PCK on a detector's boxes would be meaningless: for {sample.get('img_path')} "
                    'there are boxes (bbox_file) but no keypoints to compare with. Test on the '
                    'ground-truth boxes (bbox_file=None), or leave PCK out: evaluate with '
                    "CocoMetric alone, or set detector_boxes='leave_out' in this evaluator"
                )
            return {'distances': None}
        if self.norm_item == 'bbox':
            size = box_size(np.asarray(truth['bboxes'])[0])
        else:
            size = torso_size(keypoints, visible, self._pairs)
        distances = normalized_distances(predicted, keypoints, visible, size)
        return {'distances': distances, 'has_size': not math.isnan(size)}

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Computes PCK from the distances of all processes.

        Returns:
            Name to value, from 0 to 1; empty if a detector's boxes were left out.
        """
        name = NAMES[self.norm_item]
        if not results:
            raise ValueError(
                f'{name} of no samples: the test set is empty, or nothing was evaluated'
            )
        if any(result['distances'] is None for result in results):
            _log(
                f"{name} is left out: the boxes are a detector's (bbox_file), and PCK needs "
                'ground truth for every box.',
                logging.WARNING,
            )
            return {}
        missing = sum(not result['has_size'] for result in results)
        if missing:
            why = 'a box with an extent'
            if self.norm_item == 'torso':
                why = f'a visible pair of torso_joints at least {MIN_TORSO:g} pixel apart'
            _log(f'{name}: {missing} of {len(results)} instances do not count for want of {why}.')
        distances = np.stack([result['distances'] for result in results])
        metrics = {}
        for threshold in self.thresholds:
            shares = pck_per_keypoint(distances, threshold)
            key = f'{name}@{threshold:g}'
            counted = shares[~np.isnan(shares)]
            metrics[key] = float(counted.mean()) if len(counted) else math.nan
            if self.per_keypoint:
                assert self.dataset_meta is not None  # set before the loop
                names = self.dataset_meta['keypoint_id2name']
                metrics.update({f'{key}/{names[i]}': float(s) for i, s in enumerate(shares)})
        return metrics


def _is_detected(sample: dict) -> bool:
    """Whether the instance comes from a detector's boxes: they have a score and no annotation."""
    return 'bbox_scores' in sample['gt_instances'] and 'raw_ann_info' not in sample


def _checked_thresholds(thresholds: float | Sequence[float]) -> list[float]:
    # One threshold on the command line (`--cfg-options`) arrives as a plain number.
    values = [thresholds] if isinstance(thresholds, (int, float)) else list(thresholds)
    for value in values:
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not 0 < value < math.inf
        ):
            raise ValueError(f'thresholds = {thresholds!r} is not allowed: give numbers above 0')
    if not values or len(set(values)) < len(values):
        raise ValueError(f'thresholds = {thresholds!r} is not allowed: give each one once')
    return values


def _check_choice(field: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        close = closest_name(value, allowed)
        hint = f' (did you mean {close!r}?)' if close else ''
        raise ValueError(f'{field} = {value!r} is not allowed{hint}: give {" or ".join(allowed)}')


def _joint_index(joint: Joint, names: Sequence[str]) -> int:
    if isinstance(joint, str) and joint in names:
        return names.index(joint)
    if isinstance(joint, int) and 0 <= joint < len(names):
        return joint
    close = closest_name(joint, names)
    hint = f' (did you mean {close!r}?)' if close else ''
    raise ValueError(
        f'torso_joints: {joint!r} is no keypoint of this data set{hint}; give an index below '
        f'{len(names)} or one of: {", ".join(names)}'
    )


def _log(message: str, level: int = logging.INFO) -> None:
    print_log(message, logger='current', level=level)
