"""The head in row tiles, against the whole."""

import pytest
import torch

from mmseg_tome.ops import FusionHeadWeights, fusion_head
from mmseg_tome.ops.cpu import head
from mmseg_tome.ops.cpu.head import fusion_head_in_row_tiles
from mmseg_tome.ops.dispatch import runs_row_tiles
from tests.baselines.stock import relative_difference
from tests.ops.test_head import MODES, SHAPES, make, reference


def double(layer):
    return layer._replace(weight=layer.weight.double(), bias=layer.bias.double())


@pytest.mark.parametrize('mode, align_corners', MODES)
@pytest.mark.parametrize('rows', [1, 5, 100])
def test_tiles_equal_the_whole(monkeypatch, sizes_in_bytes, rows, mode, align_corners):
    maps, weights = make(torch.float64)
    monkeypatch.setattr(head, '_TILE', rows * 17 * 7 * 8)
    tiles = []
    original = head._LowLevel.add_rows
    monkeypatch.setattr(
        head._LowLevel, 'add_rows', lambda self, *a: (tiles.append(a[1:]), original(self, *a))
    )
    out = fusion_head_in_row_tiles(maps, weights, mode, align_corners)
    assert len(tiles) == 2 * 3 * -(-12 // rows)  # images, lower levels, tiles
    expected = reference(maps, weights, mode, align_corners)
    assert out.shape == (2, 3, 12, 17)
    assert relative_difference(out, expected) < 1e-12


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_tiles_are_as_exact_as_the_whole(dtype):
    maps, weights = make(dtype)
    exact = reference(
        [m.double() for m in maps],
        FusionHeadWeights(
            [double(layer) for layer in weights.levels],
            double(weights.fusion),
            double(weights.classify),
        ),
    )
    error = relative_difference(fusion_head_in_row_tiles(maps, weights), exact)
    assert error <= 2 * relative_difference(reference(maps, weights), exact)


def test_one_level_and_no_bias():
    maps, weights = make(torch.float64, shapes=SHAPES[:1])
    weights = weights._replace(classify=weights.classify._replace(bias=None))
    out = fusion_head_in_row_tiles(maps, weights)
    assert relative_difference(out, reference(maps, weights)) < 1e-12


@pytest.mark.usefixtures('matmul_by_onednn')
@pytest.mark.parametrize('bare', [True, False])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_maps_may_lie_in_memory_either_way(monkeypatch, sizes_in_bytes, layout, bare):
    maps, weights = make(torch.float32)
    if bare:  # as in transformers, whose maps are in NCHW
        levels = [layer._replace(norm=None, activate=None) for layer in weights.levels]
        weights = weights._replace(levels=levels)
    monkeypatch.setattr(head, '_TILE', 5 * 17 * 7 * 4)
    maps = [each.contiguous(memory_format=layout) for each in maps]
    with torch.inference_mode():
        assert runs_row_tiles(maps[0])
        out = fusion_head(maps, weights)
    assert relative_difference(out, reference(maps, weights)) < 1e-6
