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
