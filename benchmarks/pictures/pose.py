"""Pictures of poses by several strategies."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmseg_tome.analysis.comparison import Comparison
from mmseg_tome.evaluation.pck import box_size, normalized_distances

from .pose_sample import PoseSample, take_person
from .spread import spread

_WIDTH_INCHES = 2.4  # of a panel
_THRESHOLD = 0.1  # of the box: up to here a panel's title counts a keypoint as right
_MOVED = 0.05  # of the box: from here on, without ground truth, as another place


def draw_test_people(
    comparison: Comparison, strategies: Sequence[str], path: Path, count: int = 3
) -> None:
    """Draw people spread over the test set with the predictions of every strategy."""
    meta = comparison.dataset.metainfo
    indices = spread(len(comparison.dataset), count)
    samples = [take_person(comparison, index, strategies) for index in indices]
    draw_poses(samples, meta['skeleton_links'], meta['skeleton_link_colors'], path)


def draw_poses(
    samples: Sequence[PoseSample],
    bones: Sequence[Sequence[int]],
    colors: Sequence[Sequence[int]],
    path: Path,
) -> None:
    """Draw predictions in color over the ground truth in black, as the paper's Fig. 4.

    There is a row for every person and a column for every strategy. Keypoints without ground truth
    are left out: no measure counts them. Where a person has none at all, the first strategy's
    prediction is in black instead.

    Args:
        samples: People with the predictions of the same strategies.
        bones: Pairs of keypoints to join by a line.
        colors: RGB color of every bone, 0 to 255.
        path: The PNG file to write.
    """
    columns = len(samples[0].predictions)
    left, top, right, bottom = samples[0].region
    height = _WIDTH_INCHES * (bottom - top) / (right - left)
    figure = Figure((columns * _WIDTH_INCHES, len(samples) * (height + 0.3)), layout='constrained')
    axes = figure.subplots(len(samples), columns, squeeze=False)
    for sample, row in zip(samples, axes, strict=True):
        for (strategy, predicted), axis in zip(sample.predictions.items(), row, strict=True):
            _draw_person(axis, sample, predicted, bones, np.divide(colors, 255))
            axis.set_title(f'{strategy}: {_count_correct(sample, predicted)}', fontsize=9)
    figure.savefig(path, dpi=90)


def _draw_person(
    axis: Axes,
    sample: PoseSample,
    predicted: np.ndarray,
    bones: Sequence[Sequence[int]],
    colors: np.ndarray,
) -> None:
    axis.imshow(sample.image)
    visible = sample.visible
    bones = [list(bone) for bone in bones]
    labeled = [(bone, c) for bone, c in zip(bones, colors, strict=True) if visible[bone].all()]
    for bone, _ in labeled:
        axis.plot(*sample.reference[bone].T, color='black', linewidth=2.4)
    for bone, color in labeled:
        axis.plot(*predicted[bone].T, color=color, linewidth=1.5)
    axis.plot(*predicted[visible].T, '.', color='white', markersize=2.5)
    left, top, right, bottom = sample.region
    axis.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], facecolor='0.8')


def _count_correct(sample: PoseSample, predicted: np.ndarray) -> str:
    size = box_size(sample.box)
    distances = normalized_distances(predicted, sample.reference, sample.visible, size)
    if sample.truth is None:
        first = next(iter(sample.predictions))
        return f'{(distances >= _MOVED).sum()} of {len(predicted)} moved from {first}'
    return f'{(distances < _THRESHOLD).sum()} of {sample.visible.sum()} within {_THRESHOLD:g}'
