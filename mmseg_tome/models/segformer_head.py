"""The head of SegFormer for segmentation. Needs mmseg."""

from collections.abc import Sequence
from typing import Any

from mmcv.cnn import ConvModule
from mmseg.models.decode_heads import SegformerHead as StockSegformerHead
from torch import Tensor, nn

from .fusion import run_fusion_head


class SegformerHead(StockSegformerHead):
    """mmseg's ``SegformerHead`` with its fusion computed before upsampling.

    Arguments, state dict and, beyond rounding, outputs are those of the stock class.

    Args:
        bare_projections: Whether levels are projected by a linear each, without the norm and
            activation of mmseg's: the head of NVlabs' and Hugging Face's models.
        **kwargs: The arguments of mmseg's class.
    """

    def __init__(self, bare_projections: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if bare_projections:
            self.convs = nn.ModuleList(
                ConvModule(level, self.channels, 1, act_cfg=None) for level in self.in_channels
            )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Predict class scores ``[B, num_classes, h, w]`` at the size of the first stage's map."""
        classify, dropout = self.conv_seg, self.dropout
        if type(self).cls_seg is not StockSegformerHead.cls_seg or 'cls_seg' in vars(self):
            classify, dropout = self.cls_seg, None  # a derived class has its own
        return run_fusion_head(
            self._transform_inputs(inputs),
            self.convs,
            self.fusion_conv,
            classify,
            dropout,
            self.interpolate_mode,
            self.align_corners,
        )

    def predict_by_feat(self, seg_logits: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Resize scores to the size of the images, in the layout in which that is fast."""
        return super().predict_by_feat(seg_logits.contiguous(), batch_img_metas)
