"""Patch embeddings that may halve the image first."""

from torch import Tensor
from torch.nn import functional as F
from transformers.models.segformer import modeling_segformer as stock

from ...map_sizes import check_down_sample
from ...normalize import normalize
from ...ops import to_tokens


class SegformerOverlapPatchEmbeddings(stock.SegformerOverlapPatchEmbeddings):
    """Overlapping patch embeddings of transformers, of the image in half its height and width.

    Both settings are for the first stage alone: whether the image is halved, and how many pixels
    the half of it must have in height and width.
    """

    down_sample: bool = False
    smallest_side: int = 1

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, int, int]:
        """Embed a map ``[B, C, H, W]``: tokens ``[B, h * w, D]``, ``h`` and ``w``."""
        if self.down_sample:
            check_down_sample(pixel_values, self.smallest_side)
            pixel_values = F.interpolate(pixel_values, scale_factor=0.5, mode='nearest')
        x = self.proj(pixel_values)
        return normalize(self.layer_norm, to_tokens(x)), x.shape[2], x.shape[3]
