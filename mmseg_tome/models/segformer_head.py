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

    def predict(
        self, inputs: Sequence[Tensor], batch_img_metas: list[dict], test_cfg: dict
    ) -> Tensor:
        """Predict scores at the size of the input, or of the picture with ``resize_once``.

        With ``test_cfg=dict(mode='whole', resize_once=True)`` scores go to the pictures' original
        size in one step, as Hugging Face's models do it, and not by way of the input's.

        Raises:
            ValueError: If ``resize_once`` is set in another mode, or the pictures of a batch have
                several sizes or were padded.
        """
        if not (test_cfg or {}).get('resize_once'):
            return super().predict(inputs, batch_img_metas, test_cfg)
        if test_cfg.get('mode') != 'whole':
            raise ValueError(
                f"test_cfg: resize_once = True is allowed with mode = 'whole' alone, not with "
                f'{test_cfg.get("mode")!r}'
            )
        sizes = {tuple(meta['ori_shape'][:2]) for meta in batch_img_metas}
        if len(sizes) > 1 or any(any(meta.get('padding_size', ())) for meta in batch_img_metas):
            raise ValueError(
                'test_cfg: resize_once = True takes pictures of one size in a batch, without '
                f'padding; these are of {sorted(sizes)} (height, width): use batch_size = 1'
            )
        (size,) = sizes
        return self.predict_by_feat(self.forward(inputs), [dict(img_shape=size)])

    def predict_by_feat(self, seg_logits: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Resize scores to the size of the images, in the layout in which that is fast."""
        return super().predict_by_feat(seg_logits.contiguous(), batch_img_metas)
