"""The head of SegFormer for segmentation. Needs mmseg."""

from collections.abc import Sequence

from mmseg.models.decode_heads import SegformerHead as StockSegformerHead
from torch import Tensor

from ..ops import fuse_levels


class SegformerHead(StockSegformerHead):
    """mmseg's ``SegformerHead`` with its fusion computed before upsampling.

    Arguments, state dict and, beyond rounding, outputs are those of the stock class.
    """

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Predict class scores ``[B, num_classes, h, w]`` at the size of the first stage's map."""
        levels = self._transform_inputs(inputs)
        maps = [conv(level) for conv, level in zip(self.convs, levels, strict=True)]
        conv = self.fusion_conv.conv
        align_corners = self.align_corners if 'linear' in self.interpolate_mode else None
        fused = fuse_levels(maps, conv.weight, self.interpolate_mode, align_corners)
        if conv.bias is not None:
            fused = fused + conv.bias[:, None, None]
        if self.fusion_conv.with_norm:
            fused = self.fusion_conv.norm(fused)
        if self.fusion_conv.with_activation:
            fused = self.fusion_conv.activate(fused)
        return self.cls_seg(fused)
