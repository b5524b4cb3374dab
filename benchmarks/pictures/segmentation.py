"""Pictures of segmentations by several strategies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mmseg_tome.analysis.comparison import Comparison

from .regions import largest_regions
from .segmentation_sample import SegmentationSample, take_image
from .spread import spread

_COLUMNS = 4
_WIDTH_INCHES = 5.0  # of a panel


@dataclass(frozen=True)
class _Panel:
    """One picture, and the pixels (x, y) that arrows point at."""

    title: str
    picture: np.ndarray
    marked: Sequence[tuple[int, int]] = ()


def draw_test_images(comparison: Comparison, strategies: Sequence[str], path: Path) -> None:
    """Draw two images of the test set with the predictions of every strategy."""
    meta = comparison.dataset.metainfo
    indices = spread(len(comparison.dataset), 2)
    samples = [take_image(comparison, index, strategies) for index in indices]
    draw_segmentations(samples, meta['classes'], meta['palette'], path)


def draw_segmentations(
    samples: Sequence[SegmentationSample],
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    path: Path,
    reference: str = 'none',
) -> None:
    """Draw images, ground truth and predictions side by side, as the paper's Fig. 1.

    Pixels where a strategy agrees with the reference strategy are faded, so that the differences
    stand out; the title gives their share, and black arrows point at the largest of them.

    Args:
        samples: Images with the predictions of the same strategies.
        classes: Names of the classes.
        palette: RGB color of every class, 0 to 255.
        path: The PNG file to write.
        reference: The strategy that the others are compared with.
    """
    panels = [_panels(sample, np.asarray(palette, np.uint8), reference) for sample in samples]
    rows_per_sample = -(-len(panels[0]) // _COLUMNS)
    height, width = samples[0].image.shape[:2]
    figure = Figure(
        (
            _COLUMNS * _WIDTH_INCHES,
            rows_per_sample * len(samples) * (_WIDTH_INCHES * height / width + 0.4) + 0.8,
        ),
        layout='constrained',
    )
    axes = figure.subplots(rows_per_sample * len(samples), _COLUMNS, squeeze=False)
    for number, sample_panels in enumerate(panels):
        rows = axes[number * rows_per_sample : (number + 1) * rows_per_sample].flatten()
        for axis in rows:
            axis.set_axis_off()
        for axis, panel in zip(rows, sample_panels, strict=False):
            axis.imshow(panel.picture, interpolation='nearest')
            axis.set_title(panel.title, fontsize=13)
            _point_at(axis, panel.marked)
    _draw_legend(figure, classes, palette)
    figure.savefig(path, dpi=90)


def _panels(sample: SegmentationSample, palette: np.ndarray, reference: str) -> list[_Panel]:
    expected = sample.predictions[reference]
    panels = [_Panel('image', sample.image)]
    if sample.truth is not None:
        panels.append(_Panel('ground truth', _paint(sample.truth, palette)))
    panels.append(_Panel(reference, _paint(expected, palette)))
    for strategy, labels in sample.predictions.items():
        if strategy == reference:
            continue
        different = labels != expected
        picture = _paint(labels, palette)
        picture[~different] = 0.25 * picture[~different] + 0.75 * 255
        share = 100 * different.mean()
        title = f'{strategy}: {share:.1f} % of pixels differ from {reference}'
        panels.append(_Panel(title, picture, largest_regions(different)))
    return panels


def _point_at(axis: Axes, points: Sequence[tuple[int, int]]) -> None:
    for x, y in points:
        axis.annotate(
            '',
            xy=(x, y),
            xytext=(-22, 22) if x > 0.1 * axis.get_xlim()[1] else (22, 22),
            textcoords='offset points',
            arrowprops=dict(color='black', width=2.0, headwidth=8.0, headlength=8.0),
            annotation_clip=False,
        )


def _paint(labels: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Color a map of classes; black where there is none."""
    picture = np.zeros((*labels.shape, 3), np.uint8)
    valid = labels < len(palette)
    picture[valid] = palette[labels[valid]]
    return picture


def _draw_legend(figure: Figure, classes: Sequence[str], palette: Sequence[Sequence[int]]) -> None:
    patches = [
        Patch(color=np.divide(color, 255), label=name)
        for name, color in zip(classes, palette, strict=True)
    ]
    figure.legend(handles=patches, loc='outside lower center', ncols=10, fontsize=11, frameon=False)
