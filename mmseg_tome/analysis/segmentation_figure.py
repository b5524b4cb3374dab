"""Pictures of segmentations by several strategies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch.nn.functional import interpolate

from .comparison import Comparison

_COLUMNS = 4
_WIDTH_INCHES = 5.0  # of a panel


@dataclass(frozen=True)
class Sample:
    """An image, its ground truth, and the predictions of several strategies.

    Args:
        image: ``[H, W, 3]``, RGB, uint8.
        truth: Class of every pixel, ``[H, W]``, 255 where there is none.
        predictions: Class of every pixel by strategy, ``[H, W]`` each.
    """

    image: np.ndarray
    truth: np.ndarray
    predictions: dict[str, np.ndarray]


def draw_test_images(comparison: Comparison, strategies: Sequence[str], path: Path) -> None:
    """Draw two images of the test set with the predictions of every strategy."""
    meta = comparison.dataset.metainfo
    indices = (0, len(comparison.dataset) // 2)
    samples = [_take_sample(comparison, index, strategies) for index in indices]
    draw_segmentations(samples, meta['classes'], meta['palette'], path)


def draw_segmentations(
    samples: Sequence[Sample],
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    path: Path,
    reference: str = 'none',
) -> None:
    """Draw images, ground truth and predictions side by side, as the paper's Fig. 1.

    Pixels where a strategy agrees with the reference strategy are faded, so that the differences
    stand out; the title gives their share.

    Args:
        samples: Images with the predictions of the same strategies.
        classes: Names of the classes.
        palette: RGB colour of every class, 0 to 255.
        path: The PNG file to write.
        reference: The strategy that the others are compared with.
    """
    panels = [_panels(sample, np.asarray(palette, np.uint8), reference) for sample in samples]
    rows_per_sample = -(-len(panels[0]) // _COLUMNS)
    height, width = samples[0].truth.shape
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
        for axis, (title, picture) in zip(rows, sample_panels, strict=False):
            axis.imshow(picture, interpolation='nearest')
            axis.set_title(title, fontsize=13)
    _draw_legend(figure, classes, palette)
    figure.savefig(path, dpi=90)


def _take_sample(comparison: Comparison, index: int, strategies: Sequence[str]) -> Sample:
    data = comparison.dataset[index]
    truth = data['data_samples'].gt_sem_seg.data[0].numpy()
    # The pipeline resizes the image but not the ground truth, which predictions are resized to.
    image = interpolate(data['inputs'][None].float(), truth.shape)[0]
    image = image.byte().permute(1, 2, 0).numpy()[..., ::-1]  # BGR, as mmcv reads
    predictions = {
        strategy: result.pred_sem_seg.data[0].cpu().numpy()
        for strategy, result in comparison.predict(index, strategies).items()
    }
    return Sample(image, truth, predictions)


def _panels(sample: Sample, palette: np.ndarray, reference: str) -> list[tuple[str, np.ndarray]]:
    expected = sample.predictions[reference]
    panels = [
        ('image', sample.image),
        ('ground truth', _paint(sample.truth, palette)),
        (reference, _paint(expected, palette)),
    ]
    for strategy, labels in sample.predictions.items():
        if strategy == reference:
            continue
        different = labels != expected
        picture = _paint(labels, palette)
        picture[~different] = 0.25 * picture[~different] + 0.75 * 255
        share = 100 * different.mean()
        panels.append((f'{strategy}: {share:.1f} % of pixels differ from {reference}', picture))
    return panels


def _paint(labels: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Colour a map of classes; black where there is none."""
    picture = np.zeros((*labels.shape, 3), np.uint8)
    valid = labels < len(palette)
    picture[valid] = palette[labels[valid]]
    return picture


def _draw_legend(figure: Figure, classes: Sequence[str], palette: Sequence[Sequence[int]]) -> None:
    patches = [
        Patch(color=np.divide(colour, 255), label=name)
        for name, colour in zip(classes, palette, strict=True)
    ]
    figure.legend(handles=patches, loc='outside lower center', ncols=10, fontsize=11, frameon=False)
