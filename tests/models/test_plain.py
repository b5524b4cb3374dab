"""Models as configs build them take the fast paths: none of their inner layers is called."""

from pathlib import Path

import pytest
import torch
from mmcv.cnn import ConvModule
from mmengine.config import Config
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import MODELS, DefaultScope
from torch import nn

import mmseg_tome  # noqa: F401 - registers
from mmseg_tome.models.mix_ffn import MixFFN

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = [
    'cityscapes/segformer_mit-b0_hq_1xb4-160k_cityscapes-1024x1024.py',
    'camvid/segformer_mit-b0_none_1xb4-3k_camvid-480x360.py',
    'coco/segformer_mit-b0_fast_1xb16-210e_coco-288x384.py',
]


def build(name: str) -> nn.Module:
    cfg = Config.fromfile(CONFIGS / name)
    if cfg.default_scope == 'mmpose':
        pytest.importorskip('mmpose')
    cfg.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return MODELS.build(cfg.model)


def refuse_calls(monkeypatch, *classes: type[nn.Module]) -> None:
    """Not by a forward of their classes, which would be no plain ones any more."""
    call = nn.Module.__call__

    def refusing(self, *args, **kwargs):
        assert not isinstance(self, classes), 'an inner layer is called'
        return call(self, *args, **kwargs)

    monkeypatch.setattr(nn.Module, '__call__', refusing)


@pytest.mark.parametrize('reverted', [False, True], ids=['SyncBN', 'its replacement'])
@pytest.mark.parametrize('train', [False, True], ids=['inference', 'training'])
@pytest.mark.parametrize('name', NAMES, ids=lambda name: name.partition('/')[0])
def test_no_inner_layer_is_called(name, train, reverted, monkeypatch):
    model = build(name)
    if reverted:  # as the Runner does, without processes to synchronize
        model = revert_sync_batchnorm(model)
    elif train:
        pytest.skip('SyncBN trains in processes alone')
    model.train(train)
    head = model.decode_head if hasattr(model, 'decode_head') else model.head
    classify = head.conv_seg if hasattr(head, 'conv_seg') else head.final_layer
    inner = [ffn.layers for ffn in model.modules() if isinstance(ffn, MixFFN)]
    refuse_calls(monkeypatch, ConvModule, nn.MultiheadAttention, type(inner[0]))
    with torch.set_grad_enabled(train):
        out = head.forward(model.backbone(torch.randn(2, 3, 64, 96)))
    assert out.shape[1] == classify.out_channels and out.isfinite().all()
