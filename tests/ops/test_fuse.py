import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import fuse_levels
from tests.baselines.stock import relative_difference

SHAPES = [(8, 12, 17), (6, 6, 9), (5, 3, 5), (4, 2, 3)]  # channels, height, width


@pytest.mark.parametrize(
    'mode, align_corners',
    [('bilinear', False), ('bilinear', True), ('nearest', None), ('bicubic', False)],
)
def test_equals_concatenating_first(mode, align_corners):
    torch.manual_seed(0)
    maps = [torch.randn(2, *shape, dtype=torch.double, requires_grad=True) for shape in SHAPES]
    weight = torch.randn(7, 23, 1, 1, dtype=torch.double, requires_grad=True)
    resized = [
        F.interpolate(m, SHAPES[0][1:], mode=mode, align_corners=align_corners) for m in maps
    ]
    expected = F.conv2d(torch.cat(resized, 1), weight)
    fused = fuse_levels(maps, weight, mode, align_corners)
    assert relative_difference(fused, expected) < 1e-12
    probe = torch.randn_like(expected)
    for actual, want in zip(
        torch.autograd.grad((fused * probe).sum(), [*maps, weight]),
        torch.autograd.grad((expected * probe).sum(), [*maps, weight]),
        strict=True,
    ):
        assert relative_difference(actual, want) < 1e-12
