import torch
from torch.nn import functional as F

from mmseg_tome.ops import FFNWeights, mix_ffn
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
