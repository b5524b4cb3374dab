"""Layers that compute their weights anew, or that others took the place of, against stock."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from tests.baselines.stock import relative_difference
from tests.models.dropin import (
    assert_same,
    gradients_of,
    make_models,
    on_both,
    photo,
    set_submodule,
    train,
)

BLOCK = 'backbone.layers.1.1.0'
# One of every kind of layer that a fast path may stand in for, and two that are always called.
# Stock reads the weights of attention's `out_proj`, and never calls it.
LAYERS = [
    'decode_head.convs.1.conv',
    'decode_head.fusion_conv.conv',
    'decode_head.conv_seg',
    f'{BLOCK}.ffn.layers.0',
    f'{BLOCK}.ffn.layers.1',
    f'{BLOCK}.ffn.layers.4',
    f'{BLOCK}.attn.sr',
    'backbone.layers.0.0.projection',
]


def assert_same_after_training(models, steps=2):
    """Outputs and gradients, also after the same steps of SGD."""
    before = assert_same(*models)
    for model in models:
        train(model, steps)
    after = assert_same(*models, tolerance=1e-6)
    assert relative_difference(after, before) > 1e-3
    return before


@pytest.mark.parametrize('layer', LAYERS)
def test_pruned_weights_stay_pruned(layer):
    models = make_models()
    plain = assert_same(*models)
    on_both(models, lambda m: prune.random_unstructured(m.get_submodule(layer), 'weight', 0.5))
    assert relative_difference(assert_same_after_training(models), plain) > 1e-3


def test_pruned_weights_follow_a_state_dict():
    """Loading changes the weights that are masked, and so what is computed from then on."""
    models = make_models()

    def prune_all(model):
        for name in LAYERS:
            prune.l1_unstructured(model.get_submodule(name), 'weight', 0.3)

    on_both(models, prune_all)
    before = assert_same(*models)
    state = {name: 1.5 * value for name, value in models[0].state_dict().items()}
    on_both(models, lambda m: m.load_state_dict(state))
    assert relative_difference(assert_same(*models), before) > 0.1
    on_both(models, lambda m: [prune.remove(m.get_submodule(name), 'weight') for name in LAYERS])
    assert_same_after_training(models)


NORMS = {
    'older weight_norm': nn.utils.weight_norm,
    'weight_norm': parametrizations.weight_norm,
    'older spectral_norm': nn.utils.spectral_norm,
    'spectral_norm': parametrizations.spectral_norm,
}


@pytest.mark.filterwarnings('ignore::FutureWarning')  # of the older ones
@pytest.mark.parametrize('norm', NORMS)
def test_weight_and_spectral_norm(norm):
    models = make_models()
    plain = assert_same(*models)

    def add(model):
        for name in LAYERS:
            NORMS[norm](model.get_submodule(name))

    on_both(models, add)
    out = assert_same_after_training(models, steps=4)
    assert ('spectral' in norm) == (relative_difference(out, plain) > 1e-3)


def test_a_parametrization_of_the_projections_of_attention():
    class Halved(nn.Module):
        def forward(self, weight):
            return weight / 2

    models = make_models()
    plain = assert_same(*models)
    attention = f'{BLOCK}.attn.attn'
    on_both(
        models,
        lambda m: parametrize.register_parametrization(
            m.get_submodule(attention), 'in_proj_weight', Halved()
        ),
    )
    assert relative_difference(assert_same_after_training(models), plain) > 1e-3


TARGETS = {
    'head': ['convs.0.conv', 'fusion_conv.conv', 'conv_seg'],
    'MixFFN': ['ffn.layers.0', 'ffn.layers.4'],
    'depth-wise': ['ffn.layers.1'],
    'attention': ['attn.attn'],
    'spatial reduction': ['attn.sr', 'projection'],
}


@pytest.mark.parametrize('targets', TARGETS)
def test_lora(targets):
    peft = pytest.importorskip('peft')
    adapted = []
    for model in make_models():
        # Grouped convolutions need a rank that the number of groups divides.
        rank = 32 if targets == 'depth-wise' else 2
        names = TARGETS[targets]
        if targets == 'depth-wise':
            names = ['layers.0.1.0.ffn.layers.1']
        torch.manual_seed(3)
        config = peft.LoraConfig(r=rank, target_modules=names, init_lora_weights=False)
        adapted.append(peft.get_peft_model(model, config).eval().double())
    stock, ours = adapted
    gradients = [gradients_of(model, photo()) for model in adapted]
    assert gradients[0] and all('lora' in name for name in gradients[0])
    assert list(gradients[1]) == list(gradients[0])
    out = assert_same_after_training(adapted)
    with stock.disable_adapter(), ours.disable_adapter(), torch.no_grad():
        plain = stock(photo())
        assert relative_difference(ours(photo()), plain) < 1e-5
    assert relative_difference(out, plain) > 0.01
    if targets == 'depth-wise':
        return  # peft cannot merge it
    for model in adapted:
        model.merge_adapter()
    with torch.no_grad():
        assert relative_difference(ours(photo()), stock(photo())) < 1e-4


@pytest.mark.parametrize('strategy', ['hq', 'n2d_2x2'])
def test_lora_trains_a_merged_model(strategy):
    peft = pytest.importorskip('peft')
    _, ours = make_models(strategy)
    names = ['attn.attn', 'ffn.layers.0', 'ffn.layers.4', 'fusion_conv.conv', 'conv_seg']
    torch.manual_seed(3)
    config = peft.LoraConfig(r=2, target_modules=names, init_lora_weights=False)
    model = peft.get_peft_model(ours, config).double()
    gradients = gradients_of(model, photo())
    assert len(gradients) >= 2 * (4 * 3 + 2)
    assert all('lora' in name and g.any() for name, g in gradients.items())


def replacements():
    gn = nn.GroupNorm(4, 16)
    nn.init.normal_(gn.weight)
    return {
        'conv_seg of two layers': (
            'decode_head.conv_seg',
            nn.Sequential(nn.Conv2d(16, 9, 1), nn.ReLU(), nn.Conv2d(9, 3, 1)),
        ),
        'conv_seg 3x3': ('decode_head.conv_seg', nn.Conv2d(16, 7, 3, padding=1)),
        'conv_seg with a stride': ('decode_head.conv_seg', nn.Conv2d(16, 7, 1, stride=2)),
        'conv_seg in groups': ('decode_head.conv_seg', nn.Conv2d(16, 8, 1, groups=4)),
        'conv_seg without bias': ('decode_head.conv_seg', nn.Conv2d(16, 7, 1, bias=False)),
        'fusion_conv': (
            'decode_head.fusion_conv',
            nn.Sequential(nn.Conv2d(64, 16, 3, padding=1), nn.BatchNorm2d(16), nn.GELU()),
        ),
        'convolution of fusion_conv': (
            'decode_head.fusion_conv.conv',
            nn.Conv2d(64, 16, 5, padding=2),
        ),
        'GroupNorm in fusion_conv': ('decode_head.fusion_conv.bn', gn),
        'GroupNorm in a level': ('decode_head.convs.2.bn', gn),
        'Identity in fusion_conv': ('decode_head.fusion_conv.bn', nn.Identity()),
        'no activation': ('decode_head.fusion_conv.activate', nn.Identity()),
        'Hardtanh': ('decode_head.fusion_conv.activate', nn.Hardtanh()),
        'PReLU': ('decode_head.convs.0.activate', nn.PReLU(16)),
        'softmax of all positions': ('decode_head.convs.0.activate', nn.Softmax2d()),
        'norm2': (f'{BLOCK}.norm2', nn.Identity()),
        'norm1': (f'{BLOCK}.norm1', nn.LayerNorm(16, bias=False)),
        'norm of all channels': (f'{BLOCK}.norm2', nn.RMSNorm(16)),
        'norm of the spatial reduction': (f'{BLOCK}.attn.norm', nn.Identity()),
        'ReLU in MixFFN': (f'{BLOCK}.ffn.layers.2', nn.ReLU()),
        'ReLU in place': (f'{BLOCK}.ffn.layers.2', nn.ReLU(inplace=True)),
        'norm in MixFFN': (f'{BLOCK}.ffn.layers.2', nn.BatchNorm2d(64)),
        'LayerNorm in MixFFN': (f'{BLOCK}.ffn.layers.2', nn.LayerNorm([8, 12])),
        'whole kernel': (f'{BLOCK}.ffn.layers.1', nn.Conv2d(64, 64, 3, padding=1)),
        'dilation': (
            f'{BLOCK}.ffn.layers.1',
            nn.Conv2d(64, 64, 3, padding=2, dilation=2, groups=64),
        ),
        'reflection': (
            f'{BLOCK}.ffn.layers.1',
            nn.Conv2d(64, 64, 3, padding=1, groups=64, padding_mode='reflect'),
        ),
        'fc1 without bias': (f'{BLOCK}.ffn.layers.0', nn.Conv2d(16, 64, 1, bias=False)),
        'MixFFN of other layers': (
            f'{BLOCK}.ffn.layers',
            nn.Sequential(nn.Conv2d(16, 8, 1), nn.ReLU(), nn.Conv2d(8, 16, 1)),
        ),
        'no dropout layer': (f'{BLOCK}.ffn.dropout_layer', nn.Tanh()),
        'attention with biases of keys': (
            f'{BLOCK}.attn.attn',
            nn.MultiheadAttention(16, 2, add_bias_kv=True),
        ),
        'attention of more heads': (f'{BLOCK}.attn.attn', nn.MultiheadAttention(16, 4)),
        'attention without bias': (f'{BLOCK}.attn.attn', nn.MultiheadAttention(16, 2, bias=False)),
    }


@pytest.mark.parametrize('what', replacements())
def test_replaced_layers(what):
    torch.manual_seed(0)
    name, module = replacements()[what]
    models = make_models()
    plain = assert_same(*models)
    on_both(models, lambda m: set_submodule(m, name, module.eval().double()))
    out = assert_same(*models)
    assert out.shape != plain.shape or relative_difference(out, plain) > 1e-4
    assert_same_after_training(models)


def test_more_layers_behind_the_mix_ffn():
    models = make_models()
    layer = nn.Conv2d(16, 16, 1).double()
    on_both(
        models,
        lambda m: m.get_submodule(f'{BLOCK}.ffn.layers').append(copy.deepcopy(layer)),
    )
    assert_same_after_training(models)


def test_frozen_parts():
    models = make_models()

    def freeze(model):
        model.backbone.requires_grad_(False)
        model.backbone.layers[3][1][0].ffn.layers[1].requires_grad_(True)
        model.decode_head.fusion_conv.requires_grad_(False)

    on_both(models, freeze)
    assert len(gradients_of(models[1], photo())) == 2 + 4 * 3 + 2
    assert_same_after_training(models)


def test_dropout_alone_in_training_mode():
    """As in sampling by dropout: what is dropped differs from call to call, in eval mode too."""
    for name in ('attn.attn', 'ffn.layers.3', 'ffn.layers.5', 'ffn.dropout_layer'):
        stock, ours = make_models(drop_rate=0.5, attn_drop_rate=0.5, drop_path_rate=0.5)
        for model in (stock, ours):
            model.backbone.layers[3][1][0].get_submodule(name).train()
            with torch.no_grad():
                assert not torch.equal(model(photo()), model(photo())), name


def test_a_subclass_of_the_head_with_its_own_classifier():
    models = make_models()
    plain = assert_same(*models)

    def derive(model):
        cls = type(model.decode_head)
        model.decode_head.__class__ = type(
            'Scaled', (cls,), {'cls_seg': lambda self, x: 3 * cls.cls_seg(self, x)}
        )

    on_both(models, derive)
    assert relative_difference(assert_same(*models), 3 * plain) < 1e-6


def test_fused_norms():
    """A head whose norms went into its convolutions, by mmengine's own fusion."""
    from mmcv.cnn import fuse_conv_bn

    models = make_models()
    plain = assert_same(*models)
    on_both(models, lambda m: fuse_conv_bn(m.decode_head))
    assert type(models[1].decode_head.fusion_conv.bn) is nn.Identity
    assert relative_difference(assert_same(*models), plain) < 1e-5
