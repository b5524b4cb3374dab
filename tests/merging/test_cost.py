import pytest
import torch

from mmseg_tome.merging import (
    BipartiteSoftMatching,
    NeighborPooling1d,
    NeighborPooling2d,
    cost,
    saved_operations,
)

HQ_QUERIES = BipartiteSoftMatching(r=0.8, sx=4, sy=4)


def test_saved_by_merged_queries_by_hand():
    # 64 queries, 4 of them destinations and int(0.8 * 64) = 51 merged away; 16 keys; 10 channels.
    attention = 2 * 2 * 51 * 16 * 10
    projections = 2 * 2 * 51 * 10 * 10
    matching = 2 * 60 * 4 * 10
    saved = saved_operations(HQ_QUERIES, None, (8, 8), (4, 4), 10)
    assert saved == attention + projections - matching


def test_saved_by_merged_keys_by_hand():
    # Positions alone decide: no matching. 16 keys, 4 left; 64 queries.
    saved = saved_operations(None, NeighborPooling2d(2), (8, 8), (4, 4), 10)
    assert saved == 2 * 2 * 64 * 12 * 10 + 2 * 2 * 12 * 10 * 10


def test_both_sides():
    saved = saved_operations(NeighborPooling1d(2), NeighborPooling1d(4), (8, 8), (4, 4), 10)
    assert saved == 2 * 2 * 10 * (64 * 16 - 32 * 4) + 2 * 2 * (32 + 12) * 10 * 10


def test_nothing_is_saved_without_merging_or_on_a_map_smaller_than_a_cell():
    assert saved_operations(None, None, (8, 8), (4, 4), 10) == 0
    assert saved_operations(HQ_QUERIES, None, (3, 9), (3, 9), 10) == 0


def test_matching_alone_costs():
    nothing_merged = BipartiteSoftMatching(r=0.02, sx=2, sy=2)  # one token of 64
    assert saved_operations(nothing_merged, None, (8, 8), (1, 1), 10) < 0


@pytest.mark.parametrize('threads', [1, 2])
def test_threshold_of_a_cpu_grows_with_its_threads(threads):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        one = cost.CPU_THRESHOLD_PER_THREAD
        assert cost.threshold(torch.device('cpu')) == threads * one
    finally:
        torch.set_num_threads(before)


def test_threshold_of_other_devices():
    assert cost.threshold(torch.device('cuda')) == cost.GPU_THRESHOLD
