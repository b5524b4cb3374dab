"""Weighted keys and windows: against their definition, and what they are for."""

import copy

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model

from mmseg_tome import PRESETS
from mmseg_tome.analysis.implementations.by_definition import make_by_definition
from mmseg_tome.models.attention import EfficientMultiheadAttention, attention_of
from mmseg_tome.strategies import parse_tome_cfg
from tests.baselines.stock import make_pair, relative_difference
from tests.models.test_mit import SIZES, assert_same_outputs_and_gradients, image

KV_BSM = {'kv_mode': 'bsm', 'kv_r': 0.6, 'kv_sx': 2, 'kv_sy': 2, 'kv_weighted': True}
Q_NEAR = {'q_mode': 'bsm', 'q_r': 0.85, 'q_sx': 4, 'q_sy': 4, 'q_window': 3}
WEIGHTED = ['hq_weighted', 'fast_weighted', 'balanced']
STAGES = {
    **{name: PRESETS[name].stages for name in WEIGHTED},
    'windowed queries': [Q_NEAR | KV_BSM, Q_NEAR | KV_BSM, Q_NEAR, Q_NEAR],
    'windowed keys': [{**KV_BSM, 'kv_window': 1}, {**KV_BSM, 'kv_window': 3}, {}, Q_NEAR],
    'pooled': [{'kv_mode': 'n2d', 'kv_s': (2, 3), 'kv_weighted': True}] * 4,
}


@pytest.mark.parametrize('name', STAGES)
@pytest.mark.parametrize('hw', SIZES)
def test_equals_its_definition(name, hw):
    stages = STAGES[name]
    stock, ours = make_pair(tome_cfg=list(stages), num_layers=[1, 1, 1, 1])
    reference = make_by_definition(stock.double(), stages)
    assert_same_outputs_and_gradients(
        ours.double(), reference, image(hw, batch=2).double(), tolerance=1e-10
    )


@pytest.mark.parametrize('name', STAGES)
def test_fast_paths_equal_plain_ones(name, matmul_by_onednn, monkeypatch):
    from mmseg_tome.ops import dispatch

    monkeypatch.setattr(dispatch, '_LEAST_SCORES', 0)
    stock, ours = make_pair(tome_cfg=list(STAGES[name]), num_layers=[1, 1, 1, 1])
    reference = make_by_definition(stock, STAGES[name])
    assert_same_outputs_and_gradients(ours, reference, image((97, 161), batch=2))


def layer(stage, sr_ratio=1, heads=2, hw=(8, 12)):
    """A layer of attention that merges as a stage of ``tome_cfg`` says, unmerged, and tokens."""
    torch.manual_seed(0)
    strategy = parse_tome_cfg([stage], num_stages=1).stages[0]
    plain = EfficientMultiheadAttention(16, heads, qkv_bias=True, sr_ratio=sr_ratio).double()
    torch.nn.init.normal_(plain.attn.in_proj_weight)
    merging = copy.deepcopy(plain)
    merging.q_merging, merging.kv_merging = strategy.q, strategy.kv
    merging.kv_weighted = strategy.kv_weighted
    return merging.eval(), plain.eval()


@pytest.mark.parametrize('kv_window', [None, 1, 3])
@pytest.mark.parametrize('hw', [(8, 12), (9, 13)])
def test_merged_tokens_that_are_identical_change_nothing(hw, kv_window):
    """Attention to s equal keys is attention to one of them with s times its weight."""
    merging, plain = layer({**KV_BSM, 'kv_window': kv_window})
    coarse = torch.randn(2, 16, -(-hw[0] // 2), -(-hw[1] // 2), dtype=torch.double)
    token_map = torch.nn.functional.interpolate(coarse, scale_factor=2)[..., : hw[0], : hw[1]]
    x = token_map.flatten(2).mT.contiguous()
    merged = merging.kv_merging.plan(x, hw).merge(x)
    assert merged.shape[1] < x.shape[1]
    assert relative_difference(merging(x, hw), plain(x, hw)) < 1e-14
    merging.kv_weighted = False
    assert relative_difference(merging(x, hw), plain(x, hw)) > 1e-3


def test_nothing_is_added_where_all_sizes_are_equal():
    pooled = {'kv_mode': 'n2d', 'kv_s': 2, 'kv_weighted': True}
    merging, _ = layer(pooled)
    x = torch.randn(1, 8 * 12, 16, dtype=torch.double)
    assert merging.kv_merging.plan(x, (8, 12)).sizes() is None
    weighted = merging(x, (8, 12))
    merging.kv_weighted = False
    assert torch.equal(weighted, merging(x, (8, 12)))


@pytest.mark.parametrize('how', ['hook', 'adapter'])
@pytest.mark.parametrize('name', WEIGHTED)
def test_a_layer_that_must_be_called_gets_the_weights_too(name, how):
    """Under a hook, or an adapter at its initial values, results are those of the fast path."""
    _, ours = make_pair(tome_cfg=name, num_layers=[1, 1, 1, 1])
    hw = (160, 192)  # 5 x 6 keys, more than a cell
    x = image(hw).requires_grad_()
    expected = ours(x)
    shapes = []
    if how == 'adapter':
        config = LoraConfig(target_modules=['attn.attn'], r=2)
        called = inject_adapter_in_model(config, copy.deepcopy(ours)).eval()
    else:
        called = copy.deepcopy(ours)
        for _, blocks, _ in called.layers:
            attention_of(blocks[0]).attn.register_forward_hook(
                lambda module, args, kwargs, out: shapes.append(
                    kwargs.get('key_padding_mask', torch.empty(0)).shape
                ),
                with_kwargs=True,
            )
    for out, want in zip(called(x), expected, strict=True):
        assert relative_difference(out, want) < 1e-5
    if how == 'hook':  # a weight for every key that is left, and no matrix
        tokens = called.token_counts(hw)
        assert shapes[:2] == [(1, tokens[0].kv_merged), (1, tokens[1].kv_merged)]
        assert shapes[2:] == [(0,), (0,)]


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_lower_precision(dtype):
    _, ours = make_pair(tome_cfg='hq_weighted', num_layers=[1, 1, 1, 1])
    x = image((96, 128))
    with torch.no_grad():
        exact = ours(x)
        low = copy.deepcopy(ours).to(dtype)(x.to(dtype))
        with torch.autocast('cpu', torch.bfloat16):
            cast = ours(x)
    for out, autocast, want in zip(low, cast, exact, strict=True):
        assert out.dtype == dtype
        assert relative_difference(out, want) < 0.08  # mostly of tokens merged elsewhere
        assert relative_difference(autocast, want) < 0.08


@pytest.mark.parametrize('name', WEIGHTED)
def test_compiles_into_one_graph(name):
    _, ours = make_pair(tome_cfg=name, num_layers=[1, 1, 1, 1])
    x = image((96, 128))
    with torch.no_grad():
        for out, want in zip(torch.compile(ours, fullgraph=True)(x), ours(x), strict=True):
            assert relative_difference(out, want) < 1e-5


def test_settings_that_do_not_fit_are_refused():
    def parse(stage):
        return parse_tome_cfg([stage], num_stages=1).stages[0]

    with pytest.raises(ValueError, match='stage 1: kv_weighted without kv_mode: add kv_mode'):
        parse({'kv_weighted': True})
    with pytest.raises(ValueError, match='kv_weighted = 1 is not allowed: give True or False'):
        parse({**KV_BSM, 'kv_weighted': 1})
    for window in (0, 2, 3.0, True, '3'):
        with pytest.raises(ValueError, match=f'q_window = {window!r} is not allowed'):
            parse({**Q_NEAR, 'q_window': window})
    with pytest.raises(ValueError, match="kv_window does not belong to kv_mode = 'n2d'"):
        parse({'kv_mode': 'n2d', 'kv_s': 2, 'kv_window': 3})
    with pytest.raises(ValueError, match="unknown key 'q_weighted'"):
        parse({**Q_NEAR, 'q_weighted': True})
    assert not parse({**KV_BSM, 'kv_weighted': None}).kv_weighted
    assert parse({**KV_BSM, 'kv_window': None}).kv.window is None
