import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import FusionHeadWeights, PointwiseLayer, fusion_head, use_backend
from tests.baselines.stock import relative_difference

SHAPES = [(8, 12, 17), (6, 6, 9), (5, 3, 5), (4, 2, 3)]  # channels, height, width
MODES = [
    ('bilinear', False),
    ('bilinear', True),
    ('nearest', None),
    ('nearest-exact', None),
    ('bicubic', False),
]


def make(dtype, batch=2, shapes=SHAPES, width=7, classes=3):
    torch.manual_seed(0)
    maps = [torch.randn(batch, *shape).to(dtype) for shape in shapes]
    levels = [layer(width, c, dtype, 0.5) for c, *_ in shapes]
    fusion = layer(width, len(shapes) * width, dtype, 0.3)
    classify = layer(classes, width, dtype)._replace(activate=None)
    return maps, FusionHeadWeights(levels, fusion, classify)


def layer(outputs, inputs, dtype, scale=1.0):
    weight, bias = torch.randn(outputs, inputs), torch.randn(outputs)
    return PointwiseLayer(weight.to(dtype) * scale, bias.to(dtype), activate=F.relu)


def reference(*args):
    """The head without any fast path."""
    with use_backend('reference'):
        return fusion_head(*args)


@pytest.mark.parametrize('mode, align_corners', MODES)
def test_reference_equals_convolutions_after_resizing(mode, align_corners):
    maps, w = make(torch.float64)
    resized = [
        F.interpolate(
            F.conv2d(m, level.weight[:, :, None, None], level.bias).relu(),
            SHAPES[0][1:],
            mode=mode,
            align_corners=align_corners,
        )
        for m, level in zip(maps, w.levels, strict=True)
    ]
    kernel, classify = w.fusion.weight[:, :, None, None], w.classify.weight[:, :, None, None]
    fused = F.conv2d(torch.cat(resized, 1), kernel, w.fusion.bias).relu()
    expected = F.conv2d(fused, classify, w.classify.bias)
    assert relative_difference(reference(maps, w, mode, align_corners), expected) < 1e-12


@pytest.mark.parametrize('biases', ['all', 'fusion', 'levels', 'none'])
@pytest.mark.parametrize('mode, align_corners', MODES)
@pytest.mark.parametrize('backend', ['auto', 'reference'])
def test_bare_levels_equal_convolutions_one_after_the_other(backend, mode, align_corners, biases):
    maps, w = make(torch.float64)
    bare = [layer._replace(activate=None) for layer in w.levels]
    if biases in ('fusion', 'none'):
        bare = [layer._replace(bias=None) for layer in bare]
    fusion = w.fusion if biases in ('all', 'fusion') else w.fusion._replace(bias=None)
    resized = [
        F.interpolate(
            F.conv2d(m, level.weight[:, :, None, None], level.bias),
            SHAPES[0][1:],
            mode=mode,
            align_corners=align_corners,
        )
        for m, level in zip(maps, bare, strict=True)
    ]
    fused = F.conv2d(torch.cat(resized, 1), fusion.weight[:, :, None, None], fusion.bias).relu()
    expected = F.conv2d(fused, w.classify.weight[:, :, None, None], w.classify.bias)
    weights = w._replace(levels=bare, fusion=fusion)
    with use_backend(backend), torch.inference_mode():
        assert (
            relative_difference(fusion_head(maps, weights, mode, align_corners), expected) < 1e-12
        )


def test_bare_levels_get_gradients():
    maps, w = make(torch.float64)
    bare = [layer._replace(activate=None) for layer in w.levels]
    leaves = [tensor.requires_grad_() for layer in bare for tensor in (layer.weight, layer.bias)]
    fusion_head(maps, w._replace(levels=bare)).square().sum().backward()
    actual = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    # With a norm, be it one that changes nothing, levels are no bare linears.
    plain = [layer._replace(norm=lambda x: x) for layer in bare]
    fusion_head(maps, w._replace(levels=plain)).square().sum().backward()
    for ours, leaf in zip(actual, leaves, strict=True):
        assert relative_difference(ours, leaf.grad) < 1e-12
