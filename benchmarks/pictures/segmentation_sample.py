"""An image, and what several strategies see in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch.nn.functional import interpolate

from mmseg_tome.analysis.comparison import Comparison


@dataclass(frozen=True)
class SegmentationSample:
    """An image, its ground truth if it has one, and the predictions of several strategies.

    Args:
        image: ``[H, W, 3]``, RGB, uint8.
        truth: Class of every pixel, ``[H, W]``, 255 where there is none; or None.
        predictions: Class of every pixel by strategy, ``[H, W]`` each.
    """

    image: np.ndarray
    truth: np.ndarray | None
    predictions: dict[str, np.ndarray]


def take_image(comparison: Comparison, index: int, strategies: Sequence[str]) -> SegmentationSample:
    """Predict an image of the test set with every strategy."""
    data = comparison.dataset[index]
    truth = data['data_samples'].gt_sem_seg.data[0].numpy()
    # The pipeline resizes the image but not the ground truth, which predictions are resized to.
    image = interpolate(data['inputs'][None].float(), truth.shape)[0]
    image = image.byte().permute(1, 2, 0).numpy()[..., ::-1]  # BGR, as mmcv reads
    predictions = {
        strategy: result.pred_sem_seg.data[0].cpu().numpy()
        for strategy, result in comparison.predict(index, strategies).items()
    }
    return SegmentationSample(image, truth, predictions)
