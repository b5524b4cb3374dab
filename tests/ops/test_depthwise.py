import torch
from torch import nn

from mmseg_tome.ops import depthwise_gelu


def test_equals_layers_on_a_map():
    torch.manual_seed(0)
    conv, hidden = nn.Conv2d(6, 6, 3, padding=1, groups=6), torch.randn(2, 6, 4, 5)
    expected = nn.GELU()(conv(hidden)).flatten(2).transpose(1, 2)
    tokens = hidden.flatten(2).transpose(1, 2)
    out = depthwise_gelu(tokens, (4, 5), conv.weight, conv.bias)
    torch.testing.assert_close(out, expected)
