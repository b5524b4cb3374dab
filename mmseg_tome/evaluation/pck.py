"""Percentage of correct keypoints (PCK), on plain arrays."""

from collections.abc import Sequence

import numpy as np

MIN_TORSO = 1.0
"""Shorter torsos, in pixels, measure no person: the athlete is seen end-on, or mislabeled."""


def box_size(box: np.ndarray) -> float:
    """The longer side of a box ``[x1, y1, x2, y2]``; NaN if it has no extent."""
    size = float(np.max(box[2:] - box[:2]))
    return size if size > 0 else np.nan


def torso_size(
    keypoints: np.ndarray, visible: np.ndarray, pairs: Sequence[tuple[int, int]]
) -> float:
    """The distance of the first pair of joints that are visible and `MIN_TORSO` apart.

    Args:
        keypoints: Ground truth, ``[K, 2]``, in pixels.
        visible: ``[K]``, of bool.
        pairs: Indices of two joints across the torso, in order of preference.

    Returns:
        Pixels; NaN if no pair will do.
    """
    for first, second in pairs:
        length = float(np.linalg.norm(keypoints[first] - keypoints[second]))
        if visible[first] and visible[second] and length >= MIN_TORSO:
            return length
    return np.nan


def normalized_distances(
    predicted: np.ndarray, keypoints: np.ndarray, visible: np.ndarray, size: float
) -> np.ndarray:
    """Distances ``[K]`` of an instance's keypoints ``[K, 2]`` to the ground truth, over its size.

    NaN where a keypoint does not count: it is invisible, or the size is NaN. In fp32, as mmpose's,
    so that both decide alike what is just below a threshold.
    """
    distances = np.linalg.norm((predicted - keypoints) / size, axis=-1).astype(np.float32)
    distances[np.isnan(distances)] = np.inf  # a prediction that is no number is a wrong one
    return np.where(visible & ~np.isnan(size), distances, np.float32(np.nan))


def pck_per_keypoint(distances: np.ndarray, threshold: float) -> np.ndarray:
    """The share of instances ``N`` in which a keypoint is less than the threshold away.

    Args:
        distances: ``[N, K]``, NaN where a keypoint does not count.
        threshold: In the unit of the distances.

    Returns:
        ``[K]``, from 0 to 1; NaN for a keypoint that counts in no instance.
    """
    counted = (~np.isnan(distances)).sum(axis=0)
    correct = (distances < threshold).sum(axis=0)  # NaN is never below
    return np.divide(correct, counted, out=np.full(len(counted), np.nan), where=counted > 0)
