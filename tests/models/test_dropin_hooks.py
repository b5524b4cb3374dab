"""Hooks on every submodule, one at a time: they fire as in stock, on the same values."""

import pytest
import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.utils._pytree import tree_leaves

from mmseg_tome import PRESETS
from tests.baselines.stock import relative_difference
from tests.models.dropin import assert_same, loss_of, make_models, on_both, photo

# Kind of hook, and whether in training mode.
WALKS = [
    ('forward', False),
    ('forward', True),
    ('forward_pre', False),
    ('full_backward', True),
    ('full_backward_pre', False),
]


def tensors_of(*values):
    return [v.detach().clone() for v in tree_leaves(values) if isinstance(v, torch.Tensor)]


def hook_on(module, kind, seen):
    """Register a hook that keeps the tensors it sees, of its arguments by keyword too."""

    def hook(module, *values):
        seen.append(tensors_of(*values))

    register = getattr(module, f'register_{kind}_hook')
    return register(hook, with_kwargs=True) if kind.startswith('forward') else register(hook)


def observe(model, name, kind):
    """What a hook on one submodule sees in a forward and a backward pass, or what is raised."""
    seen = []
    handle = hook_on(model.get_submodule(name), kind, seen)
    try:
        with torch.set_grad_enabled('backward' in kind):
            out = model(photo())
            if 'backward' in kind:
                out.square().sum().backward()
    except RuntimeError as error:  # of an in-place ReLU behind a backward hook, in stock too
        return type(error)
    finally:
        handle.remove()
    return seen


def names_of(model):
    return [name for name, _ in model.named_modules() if name]


@pytest.mark.parametrize('kind, training', WALKS)
def test_a_hook_on_any_submodule_sees_what_it_sees_in_stock(kind, training):
    stock, ours = make_models()
    assert names_of(ours) == names_of(stock)
    fired = 0
    for name in names_of(stock):
        for model in (stock, ours):
            model.train(training)
        expected, actual = (observe(model, name, kind) for model in (stock, ours))
        if isinstance(expected, type):
            assert actual is expected, name
            continue
        assert len(actual) == len(expected), name
        fired += len(expected)
        for got, want in zip(actual, expected, strict=True):
            assert [t.shape for t in got] == [t.shape for t in want], name
            for one, other in zip(got, want, strict=True):
                assert torch.allclose(one, other, rtol=1e-7, atol=1e-9 * other.abs().max()), name
    assert fired > 80  # modules that stock calls


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
@pytest.mark.parametrize('strategy', PRESETS)
def test_with_merging_hooks_fire_as_often(strategy, training):
    stock, ours = (model.train(training) for model in make_models(strategy))
    expected = {name: [] for name in names_of(stock)}
    for name, seen in expected.items():
        hook_on(stock.get_submodule(name), 'forward', seen)
    with torch.no_grad():
        stock(photo())
    for name, seen in expected.items():
        assert len(observe(ours, name, 'forward')) == len(seen), name


@pytest.mark.parametrize('strategy', PRESETS)
def test_what_is_called_computes_the_same_as_the_fast_paths(strategy):
    """A hook that does nothing, everywhere: every fast path off, merging as before."""
    _, ours = make_models(strategy)
    _, called = make_models(strategy)
    for module in called.modules():
        module.register_forward_hook(lambda *_: None)
    assert_same(called, ours)


def test_attention_sees_merged_tokens():
    _, ours = make_models('hq')
    shapes = []
    for stage in ours.backbone.layers:
        stage[1][0].attn.attn.register_forward_pre_hook(
            lambda _, args, kwargs: shapes.append(
                (*kwargs['query'].shape[:1], *kwargs['key'].shape[:1])
            ),
            with_kwargs=True,
        )
    with torch.no_grad():
        ours(photo())
    assert shapes == [(n.q_merged, n.kv_merged) for n in ours.backbone.token_counts((64, 96))]
    assert any(n.q_merged < n.q for n in ours.backbone.token_counts((64, 96)))


@pytest.mark.parametrize('strategy', ['none', 'hq'])
def test_hooks_on_all_modules_at_once(strategy):
    stock, ours = make_models(strategy)
    calls = {}
    for model in (stock, ours):
        seen = calls[model] = []
        for name in names_of(model):
            model.get_submodule(name).register_forward_hook(
                lambda *_, name=name, seen=seen: seen.append(name)
            )
        with torch.no_grad():
            model(photo())
    assert calls[ours] == calls[stock]  # in the same order


@pytest.mark.parametrize('kind', ['forward', 'forward_pre', 'full_backward', 'full_backward_pre'])
def test_global_hooks(kind):
    calls = []
    # A backward hook and an activation in place exclude each other, in stock too.
    for model in make_models(head=dict(act_cfg=dict(type='ReLU', inplace=False))):
        model.decode_head.fusion_conv.activate.inplace = False
        seen = []
        handle = getattr(torch_module, f'register_module_{kind}_hook')(
            lambda module, *_, seen=seen: seen.append(type(module).__name__)
        )
        try:
            loss_of(model, photo()).backward()
        finally:
            handle.remove()
        calls.append(seen)
    assert len(calls[0]) > 80
    assert calls[1] == calls[0]


def test_a_hook_that_is_gone_leaves_the_fast_paths():
    _, ours = make_models()
    with torch.no_grad():
        before = ours(photo())
        handles = [m.register_forward_hook(lambda *_: None) for m in ours.modules()]
        ours(photo())
        for handle in handles:
            handle.remove()
        assert torch.equal(ours(photo()), before)


@pytest.mark.parametrize('name', ['fusion_conv', 'conv_seg', 'convs.1', 'fusion_conv.conv'])
def test_zeroing_a_layer_of_the_head(name):
    models = make_models()
    plain = assert_same(*models)
    on_both(
        models,
        lambda m: m.decode_head.get_submodule(name).register_forward_hook(lambda *a: 0 * a[2]),
    )
    assert relative_difference(assert_same(*models), plain) > 0.01


@pytest.mark.parametrize(
    'name',
    ['ffn', 'ffn.layers', 'ffn.layers.0', 'ffn.layers.1', 'ffn.layers.4', 'norm2', 'attn.sr'],
)
def test_changing_the_output_of_a_layer_of_the_backbone(name):
    models = make_models()
    plain = assert_same(*models)
    on_both(
        models,
        lambda m: (
            m.backbone.layers[1][1][0]
            .get_submodule(name)
            .register_forward_hook(lambda *a: a[2].relu())
        ),
    )
    assert relative_difference(assert_same(*models), plain) > 1e-4


def test_replacing_the_output_of_attention():
    models = make_models()
    plain = assert_same(*models)
    on_both(
        models,
        lambda m: m.backbone.layers[2][1][0].attn.attn.register_forward_hook(
            lambda module, args, out: (out[0] * 2, out[1])
        ),
    )
    assert relative_difference(assert_same(*models), plain) > 0.01


def grad_cam(model, name, channel=2):
    """The weights and the map of Grad-CAM for one class and layer."""
    layer, kept = model.get_submodule(name), {}
    handles = [
        layer.register_forward_hook(lambda *a: kept.update(activations=a[2].detach())),
        layer.register_full_backward_hook(lambda *a: kept.update(gradients=a[2][0])),
    ]
    model(photo())[:, channel].mean().backward()
    for handle in handles:
        handle.remove()
    weights = kept['gradients'].mean((2, 3), keepdim=True)
    return (weights * kept['activations']).sum(1).relu()


@pytest.mark.parametrize(
    'name',
    ['fusion_conv', 'fusion_conv.conv', 'conv_seg', 'convs.0', 'convs.3.bn'],
)
def test_grad_cam_on_the_head(name):
    stock, ours = make_models(head=dict(act_cfg=dict(type='ReLU', inplace=False)))
    maps = [grad_cam(model, f'decode_head.{name}') for model in (ours, stock)]
    assert maps[1].any()
    assert relative_difference(*maps) < 1e-4


def test_feature_extraction():
    """Inputs and outputs of inner layers, kept by hooks, as extractors of features do."""
    names = [f'backbone.layers.{i}.1.0.ffn.layers.1' for i in range(4)]
    names += ['decode_head.fusion_conv', 'backbone.layers.3.1.0.attn.attn.out_proj']
    features = []
    for model in make_models():
        kept = {}
        for name in names:
            model.get_submodule(name).register_forward_hook(
                lambda *a, name=name, kept=kept: kept.update({name: a[2]})
            )
        with torch.no_grad():
            model(photo())
        features.append(kept)
    assert list(features[1]) == list(features[0]) == names[:-1]  # stock does not call `out_proj`
    for name, expected in features[0].items():
        assert relative_difference(features[1][name], expected) < 1e-5


def test_a_patched_forward_is_called():
    models = make_models()
    plain = assert_same(*models)

    def patch(model):
        for name in ('decode_head.conv_seg', 'backbone.layers.0.1.0.ffn.layers.4'):
            layer = model.get_submodule(name)
            layer.forward = lambda x, layer=layer: 2 * type(layer).forward(layer, x)
        attn = model.backbone.layers[3][1][0].attn.attn
        attn.forward = lambda query, key, value: nn.MultiheadAttention.forward(
            attn, 2 * query, key, value
        )

    on_both(models, patch)
    assert relative_difference(assert_same(*models), plain) > 0.01


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
def test_hooks_on_weights(training):
    """Hooks on tensors are autograd's own, and need no layer to be called."""
    gradients = []
    for model in make_models():
        kept = []
        model.train(training).decode_head.conv_seg.weight.register_hook(kept.append)
        model.backbone.layers[0][1][0].ffn.layers[0].weight.register_hook(kept.append)
        loss_of(model, photo()).backward()
        gradients.append(kept)
    for got, want in zip(*gradients, strict=True):
        assert relative_difference(got, want) < 1e-4
