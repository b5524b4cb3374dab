"""Keypoints from heatmaps inside of a graph: what the codec does, in operations of PyTorch."""

from typing import Any

import torch
from torch import Tensor, nn


class Keypoints(nn.Module):
    """The place of each heatmap's maximum, moved a quarter towards the larger neighbor.

    Args:
        decoder: The codec of the head; ``MSRAHeatmap`` that is not unbiased.

    Raises:
        ValueError: If the codec is another.

    Source: ``MSRAHeatmap.decode`` of MMPose.
    """

    scale: Tensor

    def __init__(self, decoder: Any) -> None:
        super().__init__()
        if type(decoder).__name__ != 'MSRAHeatmap' or decoder.unbiased:
            raise ValueError(
                "output = 'keypoints' is there for the codec MSRAHeatmap with unbiased = False, "
                f"and the head has {type(decoder).__name__}: export 'heatmaps' and decode them"
            )
        scale = torch.as_tensor(decoder.scale_factor, dtype=torch.float32)
        self.register_buffer('scale', scale, persistent=False)

    def forward(self, heatmaps: Tensor) -> Tensor:
        """Find ``[B, K, 3]`` (x, y, score) in heatmaps ``[B, K, h, w]``."""
        height, width = heatmaps.shape[2:]
        flat = heatmaps.flatten(2)
        score, place = flat.max(dim=2)
        y, x = place // width, place % width

        def difference(step: int) -> Tensor:
            last = height * width - 1
            after, before = (place + step).clamp(max=last), (place - step).clamp(min=0)
            pair = flat.gather(2, torch.stack([after, before], dim=2))
            return pair[..., 0] - pair[..., 1]

        # Not at the border, nor beside it on the left and above: as the codec has it.
        inside_x = (x > 1) & (x < width - 1) & (y > 0)
        inside_y = (y > 1) & (y < height - 1) & (x > 0)
        dx = torch.sign(difference(1)) * inside_x
        dy = torch.sign(difference(width)) * inside_y
        found = torch.stack([x + 0.25 * dx, y + 0.25 * dy], dim=2)
        found = torch.where(score[..., None] > 0, found, -1.0)  # the codec's mark of no keypoint
        return torch.cat([found * self.scale, score[..., None]], dim=2)
