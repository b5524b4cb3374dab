"""Overlapping patch embedding."""

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..normalize import normalize
from ..ops import to_tokens


class PatchEmbed(BaseModule):
    """Overlapping patch embedding: a strided convolution and a norm.

    Args:
        in_channels: Channels of the input map.
        embed_dims: Channels of the tokens.
        kernel_size: Side of a patch.
        stride: Distance of neighboring patches.
        padding: Zeros added on each side.
        norm_cfg: Config of the norm.
    """

    def __init__(
        self,
        in_channels: int,
        embed_dims: int,
        kernel_size: int,
        stride: int,
        padding: int,
        norm_cfg: dict,
    ) -> None:
        super().__init__()
        self.projection = nn.Conv2d(in_channels, embed_dims, kernel_size, stride, padding)
        self.norm = build_norm_layer(norm_cfg, embed_dims)[1]

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Embed a map ``[B, C, H, W]``.

        Returns:
            Tokens ``[B, h * w, embed_dims]`` and ``(h, w)``.
        """
        x = self.projection(x)
        return normalize(self.norm, to_tokens(x)), (x.shape[2], x.shape[3])
