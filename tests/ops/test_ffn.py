import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import ffn
from mmseg_tome.ops.ffn import FFNWeights, mix_ffn, mix_ffn_in_strips
from tests.baselines.stock import relative_difference


def make_weights(channels, hidden, dtype=torch.float32):
    torch.manual_seed(0)
    shapes = [(hidden, channels), hidden, (hidden, 1, 3, 3), hidden, (channels, hidden), channels]
    return FFNWeights(
        *(torch.randn(s if isinstance(s, tuple) else (s,)).to(dtype) * 0.3 for s in shapes)
    )


def test_equals_1x1_convolutions_on_maps():
    weights = make_weights(6, 10)
    tokens = torch.randn(2, 35, 6)
    x = tokens.transpose(1, 2).reshape(2, 6, 5, 7)
    x = F.conv2d(x, weights.fc1[:, :, None, None], weights.fc1_bias)
    x = F.conv2d(x, weights.depthwise, weights.depthwise_bias, padding=1, groups=10)
    x = F.conv2d(F.gelu(x), weights.fc2[:, :, None, None], weights.fc2_bias)
    expected = x.flatten(2).transpose(1, 2)
    assert relative_difference(mix_ffn(tokens, (5, 7), weights, F.gelu), expected) < 1e-6


@pytest.fixture
def strips(monkeypatch):
    """The sizes of the maps that the convolution has seen."""
    seen = []
    original = ffn._depthwise
    monkeypatch.setattr(ffn, '_depthwise', lambda *a: (seen.append(a[1]), original(*a))[1])
    return seen


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize('hw', [(1, 1), (1, 9), (9, 1), (7, 13), (16, 16)])
@pytest.mark.parametrize('rows', [1, 2, 3, 5, 100])
@pytest.mark.parametrize('batch', [1, 3])
def test_strips_equal_the_whole(monkeypatch, sizes_in_bytes, strips, batch, rows, hw, dtype):
    weights = make_weights(6, 10, dtype)
    h, w = hw
    tokens = torch.randn(batch, h * w, 6).to(dtype)
    shortcut = torch.randn(batch, h * w, 6).to(dtype)
    before = tokens.clone(), shortcut.clone()
    monkeypatch.setattr(ffn, '_MIN_ROWS', 1)
    monkeypatch.setattr(ffn, '_STRIP', rows * w * 10 * tokens.element_size())
    monkeypatch.setattr(ffn, '_WHOLE', 0)
    tolerance = 1e-2 if dtype == torch.bfloat16 else 1e-6
    norm = torch.nn.LayerNorm(6, dtype=dtype)
    for options in ({}, dict(norm=norm), dict(shortcut=shortcut), dict(norm=norm, shortcut=tokens)):
        strips.clear()
        with torch.no_grad():
            out = mix_ffn_in_strips(tokens, hw, weights, torch.ops.aten.gelu_, **options)
            assert len(strips) == (1 if rows >= h else batch * -(-h // rows))
            expected = mix_ffn(tokens, hw, weights, F.gelu, **options)
        assert relative_difference(out, expected) < tolerance
    assert torch.equal(tokens, before[0]) and torch.equal(shortcut, before[1])


def test_what_fits_in_the_cache_is_done_at_once(monkeypatch, sizes_in_bytes, strips):
    weights = make_weights(6, 10)
    tokens = torch.randn(1, 40 * 5, 6)
    monkeypatch.setattr(ffn, '_MIN_ROWS', 1)
    monkeypatch.setattr(ffn, '_STRIP', 16 * 5 * 10 * 4)
    monkeypatch.setattr(ffn, '_WHOLE', 40 * 5 * 10 * 4)
    mix_ffn_in_strips(tokens, (40, 5), weights, torch.ops.aten.gelu_)
    assert strips == [(40, 5)]
    monkeypatch.setattr(ffn, '_WHOLE', 40 * 5 * 10 * 4 - 1)
    mix_ffn_in_strips(tokens, (40, 5), weights, torch.ops.aten.gelu_)
    assert strips[1:] == [(17, 5), (18, 5), (9, 5)]
