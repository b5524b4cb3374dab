"""Matching within a window, against every pair by itself."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.merging.cells import partition
from mmseg_tome.ops import best_local_match, best_match, local_match


def one_by_one(tokens, src_index, hw, cell, window):
    """Look at the cells around every source in raster order: scores, matches, number of pairs."""
    (h, w), (sy, sx), half = hw, cell, window // 2
    rows, columns = h // sy, w // sx
    unit, found, pairs = F.normalize(tokens, dim=-1), [], 0
    for image in unit:
        for source in src_index.tolist():
            y, x = min(source // w // sy, rows - 1), min(source % w // sx, columns - 1)
            best = (float('-inf'), -1)
            for near_y in range(max(y - half, 0), min(y + half, rows - 1) + 1):
                for near_x in range(max(x - half, 0), min(x + half, columns - 1) + 1):
                    score = (image[source] @ image[near_y * sy * w + near_x * sx]).item()
                    if score > best[0]:
                        best = score, near_y * columns + near_x
                    pairs += 1
            found.append(best)
    score, match = (torch.tensor(each).view(len(tokens), -1) for each in zip(*found, strict=True))
    return score.to(tokens.dtype), match, pairs // len(tokens)


@st.composite
def cases(draw):
    cell = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    hw = tuple(draw(st.integers(side, 14)) for side in cell)
    return hw, cell, draw(st.sampled_from([1, 3, 5])), draw(st.integers(1, 2))


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(0, 2**31))
def test_equals_one_by_one(case, seed):
    hw, (sy, sx), window, batch = case
    torch.manual_seed(seed)
    tokens = torch.randn(batch, hw[0] * hw[1], 4, dtype=torch.double)
    src_index, _ = partition(*hw, sx, sy, tokens.device)
    if not len(src_index):
        return
    score, match = best_local_match(tokens, src_index, hw, (sy, sx), window)
    expected_score, expected, pairs = one_by_one(tokens, src_index, hw, (sy, sx), window)
    assert torch.equal(match, expected)
    torch.testing.assert_close(score, expected_score)
    one = 1 / len(tokens[0])  # the least that can be merged
    if 1 - 1 / (sx * sy) >= 1.5 * one:
        assert BipartiteSoftMatching(1.5 * one, sx, sy, window).num_pairs(hw) == pairs


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 2**31))
def test_a_window_over_the_whole_map_is_no_window(case, seed):
    hw, (sy, sx), _, batch = case
    r = 0.9 * (1 - 1 / (sx * sy))
    torch.manual_seed(seed)
    tokens = torch.randn(batch, hw[0] * hw[1], 4)
    covering = 2 * max(hw[0] // sy, hw[1] // sx) - 1
    plans = [
        BipartiteSoftMatching(r, sx, sy, window).plan(tokens, hw) for window in (None, covering)
    ]
    merged = [plan.merge(tokens) for plan in plans]
    assert torch.equal(*merged)
    if merged[0].shape[1] < tokens.shape[1]:
        assert torch.equal(plans[0].slot, plans[1].slot)
    # Also where the ways of the two differ, but for rounding.
    src_index, dst_index = partition(*hw, sx, sy, tokens.device)
    if len(src_index):
        tokens = tokens.double()
        near = best_local_match(tokens, src_index, hw, (sy, sx), covering)
        far = best_match(tokens, src_index, dst_index)
        assert torch.equal(near[1], far[1])
        torch.testing.assert_close(near[0], far[0])


def test_of_equal_scores_the_first_wins():
    tokens = torch.ones(1, 64, 3)
    src_index, _ = partition(8, 8, 2, 2, tokens.device)
    _, match = best_local_match(tokens, src_index, (8, 8), (2, 2), 3)
    _, expected, _ = one_by_one(tokens, src_index, (8, 8), (2, 2), 3)
    assert torch.equal(match, expected)
    assert match[0, 0] == 0 and match[0, -1] == 10  # the cell above and left of the last one


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_scores_are_formed_in_fp32(dtype):
    torch.manual_seed(0)
    tokens = torch.randn(2, 99, 16).to(dtype)
    src_index, _ = partition(9, 11, 4, 4, tokens.device)
    with torch.autocast('cpu', dtype):
        score, match = best_local_match(tokens, src_index, (9, 11), (4, 4), 3)
    assert score.dtype == torch.float32
    expected_score, expected = best_local_match(tokens.double(), src_index, (9, 11), (4, 4), 3)
    assert torch.equal(match, expected)
    torch.testing.assert_close(score.double(), expected_score, atol=1e-6, rtol=0)


def test_memory_is_linear_in_the_number_of_tokens(monkeypatch):
    """The largest tensor of a map four times as large is four times as large."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Largest(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            sizes = [t.numel() for t in tree_leaves(out) if isinstance(t, torch.Tensor)]
            self.numel = max([self.numel, *sizes])
            return out

    largest = []
    for side in (32, 64):
        tokens = torch.randn(1, side**2, 8)
        src_index, _ = partition(side, side, 4, 4, tokens.device)
        with Largest() as mode:
            mode.numel = 0
            local_match.best_local_match(tokens, src_index, (side, side), (4, 4), 3)
        largest.append(mode.numel)
    assert largest[1] == 4 * largest[0] == 64**2 * 9  # scores, of 9 candidates for every token
