"""The FFN in row tiles, against the whole."""

import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import mix_ffn, use_backend
from mmseg_tome.ops.cpu import ffn
from mmseg_tome.ops.cpu.ffn import mix_ffn_in_row_tiles
from tests.baselines.stock import relative_difference
from tests.ops.test_ffn import make_weights


@pytest.fixture
def tiles(monkeypatch):
    """The sizes of the maps that the convolution has seen."""
    seen = []
    original = ffn.depthwise_conv
    monkeypatch.setattr(ffn, 'depthwise_conv', lambda *a: (seen.append(a[1]), original(*a))[1])
    return seen


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize('hw', [(1, 1), (1, 9), (9, 1), (7, 13), (16, 16)])
@pytest.mark.parametrize('rows', [1, 2, 3, 5, 100])
@pytest.mark.parametrize('batch', [1, 3])
def test_tiles_equal_the_whole(monkeypatch, sizes_in_bytes, tiles, batch, rows, hw, dtype):
    weights = make_weights(6, 10, dtype)
    h, w = hw
    tokens = torch.randn(batch, h * w, 6).to(dtype)
    shortcut = torch.randn(batch, h * w, 6).to(dtype)
    before = tokens.clone(), shortcut.clone()
    monkeypatch.setattr(ffn, '_MIN_ROWS', 1)
    monkeypatch.setattr(ffn, '_TILE', rows * w * 10 * tokens.element_size())
    monkeypatch.setattr(ffn, '_WHOLE', 0)
    tolerance = 1e-2 if dtype == torch.bfloat16 else 1e-6
    norm = torch.nn.LayerNorm(6, dtype=dtype)
    for options in ({}, dict(norm=norm), dict(shortcut=shortcut), dict(norm=norm, shortcut=tokens)):
        tiles.clear()
        with torch.no_grad():
            out = mix_ffn_in_row_tiles(tokens, hw, weights, F.gelu, **options)
            assert len(tiles) == (1 if rows >= h else batch * -(-h // rows))
            with use_backend('reference'):
                expected = mix_ffn(tokens, hw, weights, F.gelu, **options)
        assert relative_difference(out, expected) < tolerance
    assert torch.equal(tokens, before[0]) and torch.equal(shortcut, before[1])


def test_what_fits_in_the_cache_is_done_at_once(monkeypatch, sizes_in_bytes, tiles):
    weights = make_weights(6, 10)
    tokens = torch.randn(1, 40 * 5, 6)
    monkeypatch.setattr(ffn, '_MIN_ROWS', 1)
    monkeypatch.setattr(ffn, '_TILE', 16 * 5 * 10 * 4)
    monkeypatch.setattr(ffn, '_WHOLE', 40 * 5 * 10 * 4)
    mix_ffn_in_row_tiles(tokens, (40, 5), weights, F.gelu)
    assert tiles == [(40, 5)]
    monkeypatch.setattr(ffn, '_WHOLE', 40 * 5 * 10 * 4 - 1)
    mix_ffn_in_row_tiles(tokens, (40, 5), weights, F.gelu)
    assert tiles[1:] == [(17, 5), (18, 5), (9, 5)]
