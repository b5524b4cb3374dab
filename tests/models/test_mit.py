"""Against stock mmseg, and against stock mmseg with tomesd's merging."""

import copy
import inspect
import pickle

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmseg.models.backbones.mit import MixVisionTransformer as Stock
from torch import nn
from torch.nn import functional as F

from mmseg_tome import PRESETS
from mmseg_tome.models import MixVisionTransformer
from tests.baselines.stock import B0, VARIANTS, make_pair, relative_difference, stock_with_tomesd

MERGING = ['hq', 'fast', 'n2d_2x2']
SIZES = [(128, 128), (97, 161), (224, 160)]


def image(hw, batch=1, seed=1):
    """Smooth noise, so that neighboring tokens resemble each other as in a photograph."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(batch, 3, hw[0] // 16 + 1, hw[1] // 16 + 1, generator=generator)
    fine = torch.randn(batch, 3, *hw, generator=generator)
    return F.interpolate(coarse, hw, mode='bicubic') + 0.3 * fine


def assert_same_outputs_and_gradients(ours, reference, x, tolerance=1e-5):
    """Compare all maps, and the gradients of a random projection of them, as one vector.

    Some single gradients are zero but for rounding (the bias of the keys cancels in softmax).
    """
    outs, expected = ours(x), reference(x)
    assert len(outs) == len(expected)
    for out, want in zip(outs, expected, strict=True):
        assert out.shape == want.shape and out.dtype == want.dtype
        assert relative_difference(out, want) <= tolerance
    generator = torch.Generator().manual_seed(2)
    weights = [torch.randn(o.shape, generator=generator) / o.numel() ** 0.5 for o in outs]
    for maps in (outs, expected):
        sum((m * w).sum() for m, w in zip(maps, weights, strict=True)).backward()
    gradients = [
        torch.cat([p.grad.flatten() for _, p in sorted(model.named_parameters())])
        for model in (ours, reference)
    ]
    assert relative_difference(*gradients) <= tolerance


@pytest.mark.parametrize('variant', VARIANTS)
def test_state_dict_equals_stock(variant):
    stock, ours = Stock(**VARIANTS[variant]), MixVisionTransformer(**VARIANTS[variant])
    theirs = {k: (v.shape, v.dtype) for k, v in stock.state_dict().items()}
    assert {k: (v.shape, v.dtype) for k, v in ours.state_dict().items()} == theirs
    assert list(ours.state_dict()) == list(stock.state_dict())


def test_arguments_are_stock_and_four_more():
    stock = inspect.signature(Stock.__init__).parameters
    ours = inspect.signature(MixVisionTransformer.__init__).parameters
    assert list(ours) == [*stock, 'tome_cfg', 'down_sample', 'inner_norm_cfg', 'cuda_graphs']
    for name, parameter in stock.items():
        default = ours[name].default
        assert (list(default) if isinstance(default, tuple) else default) == (
            list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
        )


@pytest.mark.parametrize('hw', SIZES)
@pytest.mark.parametrize('variant', ['b0', 'b1'])
def test_unmerged_equals_stock(variant, hw):
    stock, ours = make_pair(variant)
    assert_same_outputs_and_gradients(ours, stock, image(hw, batch=2))


@pytest.mark.parametrize('variant', ['b2', 'b5'])
def test_unmerged_equals_stock_in_large_variants(variant):
    stock, ours = make_pair(variant)
    with torch.no_grad():
        for out, expected in zip(ours(image((64, 96))), stock(image((64, 96))), strict=True):
            assert relative_difference(out, expected) <= 1e-5


@pytest.mark.parametrize('strategy', MERGING)
# tomesd crashes where a map is smaller than a cell, as stage 4 is for a 97x161 image.
@pytest.mark.parametrize('hw', [(128, 128), (224, 160), (131, 161)])
def test_merged_equals_stock_with_tomesd(strategy, hw):
    stock, ours = make_pair(tome_cfg=strategy)
    reference = stock_with_tomesd(stock, strategy)
    x = image(hw, batch=2)
    # In fp64, where no near-tie of two similarities can turn around by rounding.
    assert_same_outputs_and_gradients(ours.double(), reference.double(), x.double(), 1e-9)


@pytest.mark.parametrize('strategy', MERGING)
def test_merged_equals_stock_with_tomesd_in_fp32(strategy):
    stock, ours = make_pair(tome_cfg=strategy)
    reference = stock_with_tomesd(stock, strategy)
    assert_same_outputs_and_gradients(ours, reference, image((256, 192)))


@pytest.mark.parametrize('strategy', MERGING)
def test_merging_changes_the_output(strategy):
    stock, ours = make_pair(tome_cfg=strategy)
    with torch.no_grad():
        differences = [
            relative_difference(o, s)
            for o, s in zip(ours(image((128, 128))), stock(image((128, 128))), strict=True)
        ]
    assert max(differences) > 1e-2


def test_downsample_equals_stock_on_the_halved_image():
    for settings in (dict(tome_cfg='downsample'), dict(down_sample=True)):
        stock, ours = make_pair(**settings) if 'tome_cfg' in settings else make_pair()
        if 'down_sample' in settings:
            ours = MixVisionTransformer(**B0, **settings).eval()
            ours.load_state_dict(stock.state_dict())
        x = image((98, 161))
        with torch.no_grad():
            expected = stock(F.interpolate(x, size=(49, 80), mode='nearest'))
            for out, want in zip(ours(x), expected, strict=True):
                assert relative_difference(out, want) <= 1e-5


@pytest.mark.parametrize('hw', [(32, 32), (33, 47), (64, 32), (35, 200), (97, 161)])
@pytest.mark.parametrize('strategy', PRESETS)
def test_any_size_that_stock_accepts(strategy, hw):
    if strategy == 'downsample':
        hw = tuple(2 * n for n in hw)
    _, ours = make_pair(tome_cfg=strategy)
    with torch.no_grad():
        outs = ours(image(hw))
        if strategy == 'downsample':
            hw = tuple(n // 2 for n in hw)
        expected = [make_pair()[0](image(hw))[i].shape[2:] for i in range(4)]
    assert [o.shape[2:] for o in outs] == expected
    assert all(o.isfinite().all() for o in outs)


@pytest.mark.parametrize('strategy', PRESETS)
@pytest.mark.parametrize('hw', [(256, 256), (193, 255)])
def test_token_counts_are_those_that_attention_sees(monkeypatch, strategy, hw):
    _, ours = make_pair(tome_cfg=strategy, num_layers=[1, 1, 1, 1])
    seen = []
    original = F.scaled_dot_product_attention

    def spy(q, k, v, *args):
        seen.append((q.shape[2], k.shape[2]))
        return original(q, k, v, *args)

    monkeypatch.setattr(F, 'scaled_dot_product_attention', spy)
    with torch.no_grad():
        ours(image(hw))
    assert seen == [(stage.q_merged, stage.kv_merged) for stage in ours.token_counts(hw)]


def test_token_counts_by_hand():
    hq = MixVisionTransformer(**B0, tome_cfg='hq').token_counts((1024, 1024))
    assert [tuple(stage) for stage in hq] == [
        (65536, 65536, 1024, 1024 - 614),
        (16384, 16384, 1024, 1024 - 614),
        (4096, 4096 - 3276, 1024, 1024),
        (1024, 1024 - 819, 1024, 1024),
    ]
    n2d = MixVisionTransformer(**B0, tome_cfg='n2d_2x2').token_counts((1024, 1024))
    assert [stage.q_merged for stage in n2d] == [16384, 4096, 1024, 256]
    assert [stage.kv_merged for stage in n2d] == [1024] * 4
    halved = MixVisionTransformer(**B0, tome_cfg='downsample').token_counts((1024, 1024))
    assert [stage.q for stage in halved] == [16384, 4096, 1024, 256]


def test_log_line_names_strategy_and_counts(monkeypatch):
    from mmseg_tome.models import token_counts

    lines = []
    monkeypatch.setattr(token_counts, 'print_log', lambda line, logger: lines.append(line))
    MixVisionTransformer(**B0, tome_cfg='fast')
    (line,) = lines
    assert 'Token merging: fast' in line
    assert 'stage 1: q 65536, kv 1024 -> 103' in line
    assert 'stage 3: q 4096 -> 410, kv 1024' in line


@pytest.mark.parametrize('strategy', ['none', 'hq', 'n2d_2x2'])
def test_attention_dropout_is_honored(strategy):
    _, ours = make_pair(tome_cfg=strategy, attn_drop_rate=0.5)
    x = image((64, 64))
    with torch.no_grad():
        assert torch.equal(ours(x)[3], ours(x)[3])
        ours.train()
        assert not torch.equal(ours(x)[3], ours(x)[3])


def test_drop_path_equals_stock_with_the_same_seed():
    stock, ours = make_pair(drop_path_rate=0.6)
    x = image((64, 64), batch=4)
    outs = []
    for model in (stock.train(), ours.train()):
        torch.manual_seed(7)
        outs.append(model(x)[3])
    assert relative_difference(outs[1], outs[0]) <= 1e-5
    rates = [m.drop_prob for m in ours.modules() if type(m).__name__ == 'DropPath']
    assert rates == [m.drop_prob for m in stock.modules() if type(m).__name__ == 'DropPath']
    assert max(rates) == pytest.approx(0.6)


@pytest.mark.parametrize('strategy', [None, *MERGING])
def test_checkpointing_gives_the_same_gradients(monkeypatch, strategy):
    gradients, calls = [], []
    from mmseg_tome.models import mit

    original = mit.checkpoint
    monkeypatch.setattr(mit, 'checkpoint', lambda *a, **k: (calls.append(1), original(*a, **k))[1])
    for with_cp in (False, True):
        _, ours = make_pair(tome_cfg=strategy, with_cp=with_cp, drop_path_rate=0.3)
        ours.train()
        torch.manual_seed(3)
        ours(image((128, 96), batch=2).requires_grad_())[3].square().sum().backward()
        gradients.append([p.grad for p in ours.parameters() if p.grad is not None])
    assert len(calls) == 8
    assert len(gradients[0]) == len(gradients[1]) > 100
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(checkpointed, plain, rtol=1e-5, atol=1e-6 * plain.abs().max())


@pytest.mark.parametrize('out_indices', [(3,), (0, 2)])
def test_out_indices(out_indices):
    stock, ours = make_pair(out_indices=out_indices)
    with torch.no_grad():
        shapes = [o.shape for o in ours(image((64, 64)))]
        assert shapes == [o.shape for o in stock(image((64, 64)))]


def test_init_weights_draws_what_stock_draws():
    states = []
    for cls in (Stock, MixVisionTransformer):
        torch.manual_seed(5)
        model = cls(**B0)
        model.init_weights()
        states.append(model.state_dict())
    for name, value in states[0].items():
        assert torch.equal(states[1][name], value), name


def test_init_cfg_and_pretrained_load_weights(tmp_path):
    stock, _ = make_pair()
    path = str(tmp_path / 'mit.pth')
    torch.save(stock.state_dict(), path)
    init_cfg = dict(type='Pretrained', checkpoint=path)
    with pytest.warns(UserWarning, match='pretrained is deprecated'):
        old = MixVisionTransformer(**B0, pretrained=path)
    for model in (MixVisionTransformer(**B0, init_cfg=init_cfg), old):
        model.init_weights()
        assert all(torch.equal(v, stock.state_dict()[k]) for k, v in model.state_dict().items())
    with pytest.raises(ValueError, match='init_cfg and pretrained cannot be set'):
        MixVisionTransformer(**B0, pretrained=path, init_cfg=init_cfg)
    # mmseg asserts, and its callers may catch that.
    with pytest.raises(AssertionError, match='init_cfg and pretrained cannot be set'):
        MixVisionTransformer(**B0, pretrained=path, init_cfg=init_cfg)
    with pytest.raises(TypeError, match='pretrained = 5'):
        MixVisionTransformer(**B0, pretrained=5)


def test_settings_per_stage_must_agree():
    with pytest.raises(ValueError, match=r'num_heads = .* has 3 entries but num_stages = 4'):
        MixVisionTransformer(**dict(B0, num_heads=[1, 2, 5]))
    with pytest.raises(ValueError, match=r'out_indices = .*last stage is 3'):
        MixVisionTransformer(**B0, out_indices=(4,))
    with pytest.raises(ValueError, match='has 4 stages but the backbone has 3'):
        MixVisionTransformer(
            num_stages=3,
            num_layers=[1] * 3,
            num_heads=[1] * 3,
            patch_sizes=[3] * 3,
            strides=[2] * 3,
            sr_ratios=[1] * 3,
            out_indices=(0, 1, 2),
            tome_cfg='hq',
        )


@pytest.mark.parametrize('strategy', ['hq', 'n2d_2x2'])
def test_copies_and_pickles_go_on_merging(strategy):
    _, ours = make_pair(tome_cfg=strategy)
    x = image((128, 128))
    with torch.no_grad():
        expected = ours(x)
        ema = ExponentialMovingAverage(ours)
        for twin in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)), ema.module):
            assert twin is not ours and twin.strategy == ours.strategy
            for out, want in zip(twin(x), expected, strict=True):
                assert torch.equal(out, want)


def test_a_forward_pass_leaves_no_state_behind():
    _, ours = make_pair(tome_cfg='hq')
    before = {name: set(vars(module)) for name, module in ours.named_modules()}
    with torch.no_grad():
        ours(image((64, 64)))
    assert {name: set(vars(module)) for name, module in ours.named_modules()} == before


def test_no_parameter_is_left_out_of_training():
    _, ours = make_pair(tome_cfg='hq')
    sum(o.square().sum() for o in ours(image((128, 128)))).backward()
    assert [n for n, p in ours.named_parameters() if p.grad is None or not p.grad.any()] == []
    assert isinstance(ours, nn.Module)


def test_inference_in_row_tiles_equals_stock(monkeypatch, sizes_in_bytes):
    from mmseg_tome.ops.cpu import ffn

    tiles = []
    original = ffn.depthwise_conv
    monkeypatch.setattr(ffn, '_MIN_ROWS', 1)
    monkeypatch.setattr(ffn, '_TILE', 1)
    monkeypatch.setattr(ffn, '_WHOLE', 0)
    monkeypatch.setattr(ffn, 'depthwise_conv', lambda *a: (tiles.append(1), original(*a))[1])
    stock, ours = make_pair()
    x = image((97, 161), batch=2)
    with torch.no_grad():
        for out, expected in zip(ours(x), stock(x), strict=True):
            assert relative_difference(out, expected) <= 1e-5
    assert len(tiles) > 2 * 8


def test_training_in_row_tiles_equals_stock(monkeypatch, sizes_in_bytes):
    from mmseg_tome.ops import ffn
    from mmseg_tome.ops.cpu import ffn as tiled

    tiles = []
    original = ffn.depthwise_gelu
    monkeypatch.setattr(tiled, '_MIN_ROWS', 1)
    monkeypatch.setattr(tiled, '_TRAINING_TILE', 1)
    monkeypatch.setattr(tiled, '_WHOLE', 0)
    monkeypatch.setattr(ffn, 'depthwise_gelu', lambda *a: (tiles.append(1), original(*a))[1])
    models = make_pair()
    x = image((97, 161), batch=2)
    for model in models:
        sum(out.square().sum() for out in model.train()(x)).backward()
    gradients = [torch.cat([p.grad.flatten() for p in model.parameters()]) for model in models]
    assert relative_difference(*reversed(gradients)) <= 1e-5
    assert len(tiles) > 4 * 8  # forward and backward


@pytest.mark.parametrize('strategy', [None, *MERGING])
def test_matmul_by_onednn_equal_stock_and_tomesd(
    matmul_by_onednn, sizes_in_bytes, monkeypatch, strategy
):
    from mmseg_tome.ops import dispatch
    from mmseg_tome.ops.cpu import attention

    monkeypatch.setattr(dispatch, '_LEAST_SCORES', 0)
    monkeypatch.setattr(attention, '_CHUNK', 2**12)
    chunks, original = [], attention._weights
    monkeypatch.setattr(attention, '_weights', lambda *a: (chunks.append(1), original(*a))[1])
    stock, ours = make_pair(tome_cfg=strategy)
    if strategy:
        stock = stock_with_tomesd(stock, strategy)
    assert_same_outputs_and_gradients(ours, stock, image((130, 195), batch=2))
    assert len(chunks) > 2 * 2 * 8  # images, directions, blocks


@pytest.mark.parametrize(
    'wrong',
    [{'num_heads': [1, 2, 5]}, {'out_indices': (0, 4)}, {'pretrained': 'a', 'init_cfg': {1}}],
)
@pytest.mark.parametrize('kind', [ValueError, AssertionError])
def test_where_stock_asserts_both_kinds_of_callers_are_served(wrong, kind):
    with pytest.raises(AssertionError):
        Stock(**{**B0, **wrong})
    with pytest.raises(kind):
        MixVisionTransformer(**{**B0, **wrong})


@pytest.mark.parametrize(
    'settings, smallest',
    [
        ({}, 58),
        ({'sr_ratios': (4, 4, 4, 2)}, 98),
        ({'patch_sizes': (4, 2, 3, 3)}, 56),
        ({'strides': (4, 2, 2, 1), 'sr_ratios': (8, 8, 1, 1)}, 114),
    ],
)
def test_images_too_small_to_be_halved(settings, smallest):
    small = dict(B0, embed_dims=8, num_layers=[1, 1, 1, 1], **settings)
    backbone = MixVisionTransformer(**small, tome_cfg='downsample').eval()
    with torch.no_grad():
        assert len(backbone(torch.rand(1, 3, smallest, smallest + 70))) == 4
        message = f'an image of {smallest + 70}x{smallest - 1} pixels is too small for tome_cfg'
        with pytest.raises(ValueError, match=f'{message}.*at least {smallest} pixels in width and'):
            backbone(torch.rand(1, 3, smallest - 1, smallest + 70))
        with pytest.raises(ValueError, match=f'{smallest - 1}x128 pixels is too small'):
            backbone(torch.rand(1, 3, 128, smallest - 1))


@pytest.mark.parametrize('pretrained', [None, 'nowhere.pth', 123])
@pytest.mark.parametrize('init_cfg', [None, dict(type='Pretrained', checkpoint='nowhere.pth'), 123])
@pytest.mark.filterwarnings('ignore::UserWarning')
def test_weights_to_start_from_are_refused_as_by_stock(pretrained, init_cfg):
    def start(cls) -> Exception | None:
        try:
            cls(**B0, pretrained=pretrained, init_cfg=init_cfg).init_weights()
        except Exception as error:
            return error
        return None

    theirs, ours = start(Stock), start(MixVisionTransformer)
    assert (theirs is None) == (pretrained is init_cfg is None)
    assert isinstance(ours, type(theirs))
