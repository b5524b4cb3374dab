import sys

import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import FusionHeadWeights, fusion_head, fusion_head_in_strips
from tests.baselines.stock import relative_difference

# The package exports a function of the same name.
module = sys.modules['mmseg_tome.ops.head']

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
    levels = [
        (torch.randn(width, c).to(dtype) * 0.5, torch.randn(width).to(dtype)) for c, *_ in shapes
    ]
    fusion = torch.randn(width, len(shapes) * width).to(dtype) * 0.3
    rest = [torch.randn(*s).to(dtype) for s in [(width,), (classes, width), (classes,)]]
    return maps, FusionHeadWeights(levels, fusion, *rest)


@pytest.mark.parametrize('mode, align_corners', MODES)
def test_reference_equals_convolutions_after_resizing(mode, align_corners):
    maps, w = make(torch.float64)
    resized = [
        F.interpolate(
            F.conv2d(m, kernel[:, :, None, None], bias).relu(),
            SHAPES[0][1:],
            mode=mode,
            align_corners=align_corners,
        )
        for m, (kernel, bias) in zip(maps, w.levels, strict=True)
    ]
    fused = F.conv2d(torch.cat(resized, 1), w.fusion[:, :, None, None], w.fusion_bias).relu()
    expected = F.conv2d(fused, w.classify[:, :, None, None], w.classify_bias)
    assert relative_difference(fusion_head(maps, w, mode, align_corners), expected) < 1e-12


@pytest.mark.parametrize('mode, align_corners', MODES)
@pytest.mark.parametrize('rows', [1, 5, 100])
def test_strips_equal_the_whole(monkeypatch, sizes_in_bytes, rows, mode, align_corners):
    maps, weights = make(torch.float64)
    monkeypatch.setattr(module, '_STRIP', rows * 17 * 7 * 8)
    strips = []
    original = module._LowLevel.add_rows
    monkeypatch.setattr(
        module._LowLevel, 'add_rows', lambda self, *a: (strips.append(a[1:]), original(self, *a))
    )
    out = fusion_head_in_strips(maps, weights, mode, align_corners)
    assert len(strips) == 2 * 3 * -(-12 // rows)  # images, lower levels, strips
    expected = fusion_head(maps, weights, mode, align_corners)
    assert out.shape == (2, 3, 12, 17)
    assert relative_difference(out, expected) < 1e-12


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_strips_are_as_exact_as_the_whole(dtype):
    maps, weights = make(dtype)
    exact = fusion_head(
        [m.double() for m in maps],
        FusionHeadWeights(
            [(a.double(), b.double()) for a, b in weights.levels],
            *(x.double() for x in weights[1:]),
        ),
    )
    error = relative_difference(fusion_head_in_strips(maps, weights), exact)
    assert error <= 2 * relative_difference(fusion_head(maps, weights), exact)


def test_one_level_and_no_bias():
    maps, weights = make(torch.float64, shapes=SHAPES[:1])
    weights = weights._replace(classify_bias=None)
    out = fusion_head_in_strips(maps, weights)
    assert relative_difference(out, fusion_head(maps, weights)) < 1e-12
