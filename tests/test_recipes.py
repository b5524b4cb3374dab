"""Recipes of the documentation for what goes wrong in mmseg and mmpose themselves."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[1]


def test_class_weights_beside_ignored_pixels():
    """mmseg looks up the weight of label 255 to average; without averaging, it need not."""
    page = (ROOT / 'configs' / 'README.md').read_text(encoding='utf-8')
    loss = 'model.decode_head.loss_decode'
    assert f"`{loss}.class_weight='[1.0,2.0,…]' {loss}.reduction=none`" in page

    cfg = Config.fromfile(next(ROOT.glob('configs/cityscapes/segformer_mit-b0_none_*.py')))
    weights = [1.0 + i / 10 for i in range(19)]
    head = cfg.model.decode_head
    head.loss_decode.class_weight = weights
    head.norm_cfg = dict(type='BN')
    torch.manual_seed(0)
    labels = torch.randint(19, (1, 16, 24))
    labels[:, :4] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=labels))]
    logits = torch.randn(1, 19, 16, 24)
    with DefaultScope.overwrite_default_scope('mmseg'):
        with pytest.raises(IndexError, match='255 is out of bounds'):
            MODELS.build(head).loss_by_feat(logits, samples)
        head.loss_decode.reduction = 'none'
        found = MODELS.build(head).loss_by_feat(logits, samples)['loss_ce'].mean()
    expected = F.cross_entropy(logits, labels, torch.tensor(weights), reduction='none',
                               ignore_index=255).mean()  # fmt: skip
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_no_strategy_by_the_command_line():
    from mmseg_tome.models import MixVisionTransformer

    for text in ('None', "'None'"):
        value = DictAction._parse_iterable(text)
        small = dict(embed_dims=8, num_layers=[1] * 4)
        assert MixVisionTransformer(**small, tome_cfg=value).strategy.name == 'none'
