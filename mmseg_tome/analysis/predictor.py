"""A segmentor as it is tested, from an image to the class of every pixel, to be timed."""

from typing import TYPE_CHECKING

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

if TYPE_CHECKING:
    from .variants import Segmentor

# How Cityscapes' configs test.
CROP, STRIDE = (1024, 1024), (768, 768)


class Predictor(nn.Module):
    """From images ``[B, 3, H, W]`` to scores ``[K, H, W]`` of each, found on the way to classes.

    Args:
        cfg: Of the segmentor.
        mode: ``'whole'``, or ``'slide'`` for windows of 1024x1024 at most.
        weights: The model whose weights it gets.
    """

    def __init__(self, cfg: Config, mode: str, weights: 'Segmentor') -> None:
        super().__init__()
        cfg.model.test_cfg = dict(mode=mode, crop_size=CROP, stride=STRIDE)
        with DefaultScope.overwrite_default_scope('mmseg'):
            self.segmentor = MODELS.build(cfg.model)
        self.backbone.load_state_dict(weights.backbone.state_dict())
        self.segmentor.decode_head.load_state_dict(weights.head.state_dict())

    @property
    def backbone(self) -> nn.Module:
        """The backbone of the segmentor."""
        return self.segmentor.backbone

    def forward(self, x: Tensor) -> list[Tensor]:
        """Predict every image of a batch."""
        shape = tuple(x.shape[2:])
        meta = dict(ori_shape=shape, img_shape=shape, pad_shape=shape)
        samples = [SegDataSample(metainfo=meta) for _ in x]
        return [found.seg_logits.data for found in self.segmentor.predict(x, samples)]
