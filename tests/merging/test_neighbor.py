import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.merging import NeighborPooling1d, NeighborPooling2d


@pytest.mark.parametrize('hw', [(4, 4), (5, 7), (1, 9), (2, 1), (3, 3)])
@pytest.mark.parametrize('stride', [1, 2, (2, 3), (4, 1), 8])
def test_2d_equals_pooling_and_interpolation(hw, stride):
    torch.manual_seed(0)
    tokens = torch.randn(2, hw[0] * hw[1], 3, dtype=torch.double)
    token_map = tokens.transpose(1, 2).reshape(2, 3, *hw)
    pooled = F.avg_pool2d(token_map, stride, stride, ceil_mode=True)
    restored = F.interpolate(pooled, hw, mode='nearest')
    algorithm = NeighborPooling2d(stride)
    plan = algorithm.plan(tokens, hw)
    merged = plan.merge(tokens)
    assert torch.equal(merged, pooled.flatten(2).transpose(1, 2))
    assert torch.equal(plan.unmerge(merged), restored.flatten(2).transpose(1, 2))
    assert merged.shape[1] == algorithm.num_tokens(hw)


def test_2d_by_hand():
    tokens = torch.arange(6.0).view(1, 6, 1)  # a map of 2x3 tokens
    plan = NeighborPooling2d(2).plan(tokens, (2, 3))
    merged = plan.merge(tokens)
    assert merged.flatten().tolist() == [2.0, 3.5]  # the last window has one column
    assert plan.unmerge(merged).flatten().tolist() == [2.0, 2.0, 3.5, 2.0, 2.0, 3.5]


@pytest.mark.parametrize('n, stride', [(8, 2), (9, 2), (7, 3), (3, 5), (4, 1)])
def test_1d_averages_runs_of_tokens(n, stride):
    torch.manual_seed(0)
    tokens = torch.randn(2, n, 3, dtype=torch.double)
    algorithm = NeighborPooling1d(stride)
    plan = algorithm.plan(tokens, (1, n))
    merged = plan.merge(tokens)
    expected = torch.stack([run.mean(1) for run in tokens.split(stride, dim=1)], 1)
    torch.testing.assert_close(merged, expected)
    assert merged.shape[1] == algorithm.num_tokens((1, n))
    restored = F.interpolate(merged.transpose(1, 2), n, mode='nearest').transpose(1, 2)
    assert torch.equal(plan.unmerge(merged), restored)


def test_channels_may_change_between_merge_and_unmerge():
    for algorithm in (NeighborPooling2d((2, 2)), NeighborPooling1d(4)):
        plan = algorithm.plan(torch.randn(1, 20, 3), (4, 5))
        merged = plan.merge(torch.randn(1, 20, 3))
        assert plan.unmerge(merged[..., :2]).shape == (1, 20, 2)


@pytest.mark.parametrize('algorithm', [NeighborPooling1d, NeighborPooling2d])
@pytest.mark.parametrize('stride', [0, -1, 1.5, '2', True, None, (2, 0), (2, 2, 2)])
def test_strides_that_are_not_positive_ints(algorithm, stride):
    with pytest.raises(ValueError, match=r's = .* is not allowed'):
        algorithm(stride)
