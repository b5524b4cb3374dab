import pytest
import torch

from mmseg_tome.ops import pool_tokens, unpool_tokens
from mmseg_tome.ops.pool import window_sizes


@pytest.mark.parametrize('hw', [(4, 6), (5, 7), (1, 9)])
@pytest.mark.parametrize('stride', [(1, 1), (2, 2), (2, 3), (8, 8)])
def test_pooling_averages_the_tokens_of_each_window(hw, stride):
    torch.manual_seed(0)
    (h, w), (sy, sx) = hw, stride
    tokens = torch.randn(2, h * w, 3, dtype=torch.double)
    token_map = tokens.view(2, h, w, 3)
    windows = [
        token_map[:, y : y + sy, x : x + sx].flatten(1, 2)
        for y in range(0, h, sy)
        for x in range(0, w, sx)
    ]
    expected = torch.stack([window.mean(1) for window in windows], 1)
    torch.testing.assert_close(pool_tokens(tokens, hw, stride), expected)
    sizes = window_sizes(hw, stride, tokens.device)
    assert sizes[0].tolist() == [window.shape[1] for window in windows]


def test_unpooling_copies_windows_to_their_tokens():
    pooled = torch.arange(6.0).view(1, 6, 1)
    tokens = unpool_tokens(pooled, (4, 6), (2, 2))
    expected = [[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2
    assert tokens.view(4, 6).tolist() == expected


def test_unpooling_spreads_windows_evenly():
    """As interpolation does: of 3 + 1 tokens that were averaged, each average returns to two."""
    pooled = pool_tokens(torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1), (1, 4), (1, 3))
    assert unpool_tokens(pooled, (1, 4), (1, 3)).flatten().tolist() == [2, 2, 4, 4]
