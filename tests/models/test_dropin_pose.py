"""The head for pose: its layers are called where they are not plain."""

import pytest
import torch

pytest.importorskip('mmpose')
from torch import nn
from torch.nn.utils import prune

from mmseg_tome.models.heatmap_head import SegformerHeatmapHead
from tests.baselines.stock import plain_fusion, relative_difference

CHANNELS = [8, 16, 24, 32]


def make_head():
    torch.manual_seed(0)
    head = SegformerHeatmapHead(CHANNELS, 3, channels=12, norm_cfg=dict(type='BN'))
    for parameter in head.parameters():
        nn.init.normal_(parameter, std=0.3)
    return head.eval().double()


def maps():
    torch.manual_seed(1)
    return [
        torch.randn(2, c, 24 // 2**i, 16 // 2**i, dtype=torch.float64)
        for i, c in enumerate(CHANNELS)
    ]


def by_definition(head):
    return head.final_layer(plain_fusion(head, maps()))


# Of mmpose's heads, and a list: they hold layers or the loss, and are not called.
UNCALLED = {'convs', 'loss_module', 'deconv_layers', 'conv_layers'}
NAMES = ['convs.0', 'convs.2.conv', 'convs.3.bn', 'fusion_conv', 'fusion_conv.conv', 'final_layer']


@pytest.mark.parametrize('name', [n for n, _ in make_head().named_modules() if n])
def test_a_hook_on_any_submodule_sees_what_it_sees_by_definition(name):
    head, seen = make_head(), []
    head.get_submodule(name).register_forward_hook(lambda *a: seen.append(a[2].clone()))
    with torch.no_grad():
        head(maps())
        ours = seen.copy()
        seen.clear()
        by_definition(head)
    assert len(ours) == len(seen) == (name not in UNCALLED)
    for got, want in zip(ours, seen, strict=True):
        assert got.shape == want.shape
        assert relative_difference(got, want) < 1e-9


@pytest.mark.parametrize('name', NAMES)
def test_changing_the_output_of_a_layer(name):
    head = make_head()
    plain = by_definition(head)
    head.get_submodule(name).register_forward_hook(lambda *a: a[2].relu() + 1)
    assert relative_difference(head(maps()), by_definition(head)) < 1e-9
    assert relative_difference(head(maps()), plain) > 0.01


@pytest.mark.parametrize('name', ['fusion_conv.conv', 'final_layer'])
def test_pruned_weights_stay_pruned(name):
    head = make_head()
    prune.random_unstructured(head.get_submodule(name), 'weight', 0.5)
    for _ in range(2):  # two steps, the second with other weights
        loss = head(maps()).square().sum()
        expected = by_definition(head).square().sum()
        assert relative_difference(loss, expected) < 1e-9
        loss.backward()
        with torch.no_grad():
            head.get_submodule(name).weight_orig *= 1.5


@pytest.mark.parametrize(
    'layer',
    [
        nn.Conv2d(12, 3, 3, padding=1),
        nn.Sequential(nn.Conv2d(12, 6, 1), nn.GELU(), nn.Conv2d(6, 3, 1)),
        nn.Identity(),
    ],
    ids=['3x3', 'two layers', 'Identity'],
)
def test_a_replaced_final_layer(layer):
    head = make_head()
    head.final_layer = layer.double()
    assert relative_difference(head(maps()), by_definition(head)) < 1e-9


def test_grad_cam():
    head, kept = make_head(), {}
    head.fusion_conv.register_forward_hook(lambda *a: kept.update(activations=a[2].detach()))
    head.fusion_conv.conv.register_full_backward_hook(lambda *a: kept.update(gradients=a[2][0]))
    for compute in (lambda: head(maps()), lambda: by_definition(head)):
        compute()[:, 1].mean().backward()
        weights = kept['gradients'].mean((2, 3), keepdim=True)
        cam = (weights * kept['activations']).sum(1)
        assert cam.any()
        assert relative_difference(cam, kept.setdefault('cam', cam)) < 1e-9
