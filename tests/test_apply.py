import copy

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.models.backbones.mit import MixVisionTransformer as Stock
from mmseg.registry import MODELS
from torch import nn

import mmseg_tome
from mmseg_tome import PRESETS, apply_tome
from mmseg_tome.models import EfficientMultiheadAttention, MixVisionTransformer
from tests.baselines.stock import B0, make_pair, relative_difference

SEGMENTOR = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='MixVisionTransformer',
        embed_dims=32,
        num_layers=[1, 1, 1, 1],
        num_heads=[1, 2, 5, 8],
    ),
    decode_head=dict(
        type='SegformerHead',
        in_channels=[32, 64, 160, 256],
        in_index=[0, 1, 2, 3],
        channels=32,
        num_classes=5,
        norm_cfg=dict(type='BN'),
    ),
    test_cfg=dict(mode='whole'),
)


def build_segmentor(backbone_type='MixVisionTransformer'):
    cfg = copy.deepcopy(SEGMENTOR)
    cfg['backbone']['type'] = backbone_type
    init_default_scope('mmseg')
    return MODELS.build(cfg)


def test_importing_overrides_the_stock_names():
    assert MODELS.get('MixVisionTransformer') is MixVisionTransformer
    assert MODELS.get('ToMeMixVisionTransformer') is MixVisionTransformer
    assert MODELS.get('EfficientMultiheadAttention') is EfficientMultiheadAttention
    assert MODELS.get('ToMeEfficientMultiheadAttention') is EfficientMultiheadAttention
    assert MODELS.get('mmseg.models.backbones.mit.MixVisionTransformer') is Stock
    assert type(build_segmentor().backbone) is MixVisionTransformer


def test_mmpose_has_the_backbone_too():
    pytest.importorskip('mmpose')
    from mmpose.registry import MODELS as POSE_MODELS

    assert POSE_MODELS.get('MixVisionTransformer') is MixVisionTransformer
    assert POSE_MODELS.get('ToMeMixVisionTransformer') is MixVisionTransformer


@pytest.mark.parametrize('name', PRESETS)
def test_switches_a_bare_backbone_and_back(name):
    _, plain = make_pair()
    _, built = make_pair(tome_cfg=name)
    x = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        before = plain(x)
        assert apply_tome(plain, name) is plain
        for out, expected in zip(plain(x), built(x), strict=True):
            assert torch.equal(out, expected)
        apply_tome(plain, None)
        for out, expected in zip(plain(x), before, strict=True):
            assert torch.equal(out, expected)


@pytest.mark.parametrize('name', ['none', 'hq', 'n2d_2x2', 'downsample'])
def test_converts_a_stock_backbone(name):
    stock, ours = make_pair(tome_cfg=name)
    stock = copy.deepcopy(stock).double().train()
    stock.layers[0][1][0].attn.sr.weight.requires_grad_(False)
    parameters = dict(stock.named_parameters())
    hooked = []
    stock.layers[1][1][0].register_forward_hook(lambda *_: hooked.append(1))
    assert apply_tome(stock, name) is stock
    assert isinstance(stock, MixVisionTransformer)
    assert all(m.training for m in stock.modules())
    assert {n: id(p) for n, p in stock.named_parameters()} == {
        n: id(p) for n, p in parameters.items()
    }
    assert not stock.layers[0][1][0].attn.sr.weight.requires_grad
    assert next(stock.parameters()).dtype == torch.float64
    ours.double()
    x = torch.randn(1, 3, 96, 128, dtype=torch.double)
    with torch.no_grad():
        for out, expected in zip(stock.eval()(x), ours(x), strict=True):
            assert relative_difference(out, expected) < 1e-12
    assert hooked
    assert copy.deepcopy(stock).strategy == stock.strategy


def test_converts_the_stock_backbone_of_a_segmentor():
    stock = build_segmentor('mmseg.models.backbones.mit.MixVisionTransformer').eval()
    assert type(stock.backbone) is Stock
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        before = stock(x, mode='tensor')
        apply_tome(stock, 'none')
        assert type(stock.backbone) is MixVisionTransformer
        assert relative_difference(stock(x, mode='tensor'), before) <= 1e-5
        merged = apply_tome(stock, 'hq')(x, mode='tensor')
    assert relative_difference(merged, before) > 1e-3


def test_a_list_and_a_wrapper():
    _, backbone = make_pair()
    wrapped = nn.DataParallel(nn.Sequential(backbone))
    stages = [{}, {}, {}, dict(q_mode='n1d', q_s=2)]
    assert apply_tome(wrapped, stages) is wrapped
    assert backbone.token_counts((256, 256))[3].q_merged == 32


def test_a_model_without_mit_is_an_error():
    with pytest.raises(ValueError, match='found no MixVisionTransformer in the Linear'):
        apply_tome(nn.Linear(2, 2), 'hq')


def test_a_wrong_name_changes_nothing():
    stock = Stock(**B0)
    with pytest.raises(ValueError, match="did you mean 'hq'"):
        apply_tome(stock, 'hqq')
    assert type(stock) is Stock
    _, ours = make_pair(tome_cfg='fast')
    with pytest.raises(ValueError, match='has 1 stages'):
        apply_tome(ours, [{}])
    assert ours.strategy.name == 'fast'


def test_public_api():
    assert set(mmseg_tome.__all__) == {'PRESETS', '__version__', 'apply_tome'}
    assert mmseg_tome.__version__.count('.') == 2
