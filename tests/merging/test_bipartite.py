import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tomesd.merge import bipartite_soft_matching_random2d

from mmseg_tome.merging import BipartiteSoftMatching, cells
from mmseg_tome.ops import index_cache
from tests.baselines.stock import relative_difference


@pytest.mark.parametrize('batch', [1, 3])
@pytest.mark.parametrize('hw', [(8, 8), (32, 32), (7, 13), (9, 16), (33, 17), (4, 4), (5, 4)])
@pytest.mark.parametrize(
    'r, sx, sy', [(0.6, 2, 2), (0.9, 4, 4), (0.8, 4, 4), (0.5, 2, 4), (0.4, 3, 1)]
)
def test_equals_tomesd(batch, hw, r, sx, sy):
    torch.manual_seed(0)
    h, w = hw
    tokens = torch.randn(batch, h * w, 24, dtype=torch.double)
    values = torch.randn(batch, h * w, 5, dtype=torch.double)
    merge, unmerge = bipartite_soft_matching_random2d(
        tokens, w, h, sx, sy, int(h * w * r), no_rand=True
    )
    plan = BipartiteSoftMatching(r, sx, sy).plan(tokens, hw)
    ours, theirs = plan.merge(values), merge(values)
    assert ours.shape == theirs.shape
    assert ours.shape[1] == BipartiteSoftMatching(r, sx, sy).num_tokens(hw) < h * w
    # The order of slots is each implementation's own: compare after unmerging, and as sets.
    assert relative_difference(plan.unmerge(ours), unmerge(theirs)) < 1e-12
    torch.testing.assert_close(ours.sort(dim=1).values, theirs.sort(dim=1).values)


def test_gradients_equal_tomesd():
    torch.manual_seed(0)
    tokens = torch.randn(2, 63, 8, dtype=torch.double, requires_grad=True)
    weight = torch.randn(2, 63, 8, dtype=torch.double)
    merge, unmerge = bipartite_soft_matching_random2d(tokens, 9, 7, 2, 2, 37, no_rand=True)
    plan = BipartiteSoftMatching(0.6, 2, 2).plan(tokens, (7, 9))
    grads = [
        torch.autograd.grad((u(m(tokens).tanh()) * weight).sum(), tokens)[0]
        for m, u in ((merge, unmerge), (plan.merge, plan.unmerge))
    ]
    assert relative_difference(grads[1], grads[0]) < 1e-12


@pytest.mark.parametrize('hw', [(1, 50), (3, 3), (50, 3)])
def test_a_map_smaller_than_a_cell_is_left_alone(hw):
    algorithm = BipartiteSoftMatching(0.9, 4, 4)
    tokens = torch.randn(1, hw[0] * hw[1], 8)
    plan = algorithm.plan(tokens, hw)
    assert plan.merge(tokens) is tokens and plan.unmerge(tokens) is tokens
    assert algorithm.num_tokens(hw) == hw[0] * hw[1]


@st.composite
def cases(draw):
    sx, sy = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    r = draw(st.floats(0, max(0.0, 1 - 1 / (sx * sy))))
    hw = draw(st.integers(1, 17)), draw(st.integers(1, 17))
    return sx, sy, r, hw, draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.booleans())


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(0, 2**31))
def test_properties(case, seed):
    sx, sy, r, hw, b, c, ties = case
    torch.manual_seed(seed)
    n = hw[0] * hw[1]
    tokens = torch.randn(b, n, c, dtype=torch.double)
    if ties:  # many equal tokens, and tokens of zeros
        tokens = tokens.round().clamp(-1, 1)
    algorithm = BipartiteSoftMatching(r, sx, sy)
    plan = algorithm.plan(tokens, hw)
    merged = plan.merge(tokens)
    m = algorithm.num_tokens(hw)
    assert merged.shape == (b, m, c)
    assert merged.isfinite().all()
    if m == n:
        assert torch.equal(merged, tokens) and torch.equal(plan.unmerge(tokens), tokens)
        return
    # Each token lands in exactly one slot, and no slot is empty.
    assert plan.slot.shape == (b, n)
    counts = torch.stack([torch.bincount(row, minlength=m) for row in plan.slot])
    assert counts.shape == (b, m) and (counts >= 1).all()
    # The mean over all tokens is preserved when slots are weighted by their sizes.
    torch.testing.assert_close((merged * counts[..., None]).sum(1), tokens.sum(1))
    # Merging what was unmerged changes nothing.
    torch.testing.assert_close(plan.merge(plan.unmerge(merged)), merged)
    # Destinations are never merged into one another.
    rows, columns = torch.arange(0, hw[0] - sy + 1, sy), torch.arange(0, hw[1] - sx + 1, sx)
    dst = (rows[:, None] * hw[1] + columns).flatten()
    for row in plan.slot:
        assert row[dst].unique().numel() == dst.numel()


def test_r_zero_is_the_identity():
    tokens = torch.randn(2, 64, 8)
    plan = BipartiteSoftMatching(0, 2, 2).plan(tokens, (8, 8))
    assert plan.merge(tokens) is tokens


def test_the_most_similar_pairs_are_merged():
    # Destinations of a 2x4 map with 2x2 cells: tokens 0 and 2. Similarities by hand.
    directions = {0: 0, 2: 90, 1: 5, 3: 80, 4: 40, 5: 30, 6: 89, 7: 50}  # degrees
    angles = torch.tensor([directions[i] for i in range(8)]).deg2rad()
    tokens = torch.stack([angles.cos(), angles.sin()], 1)[None]
    plan = BipartiteSoftMatching(3 / 8, 2, 2).plan(tokens, (2, 4))
    slot = plan.slot[0].tolist()
    assert slot[1] == slot[0] and slot[6] == slot[2] and slot[3] == slot[2]
    assert len({slot[i] for i in (0, 2, 4, 5, 7)}) == 5


@pytest.fixture
def partitions(monkeypatch):
    """Empty caches of partitions: of the sizes used last, and of those in CUDA graphs."""
    caches = {}, {}
    monkeypatch.setattr(cells.partition, 'recent', caches[0])
    monkeypatch.setattr(cells.partition, 'in_graphs', caches[1])
    return caches


def test_a_cache_filled_in_inference_mode_serves_training(partitions):
    tokens = torch.randn(1, 30, 4)
    with torch.inference_mode():
        BipartiteSoftMatching(0.5, 2, 2).plan(tokens, (5, 6))
    assert len(partitions[0]) == 1
    tokens.requires_grad_()
    plan = BipartiteSoftMatching(0.5, 2, 2).plan(tokens, (5, 6))
    plan.unmerge(plan.merge(tokens)).sum().backward()
    torch.testing.assert_close(tokens.grad, torch.ones_like(tokens))


def partition(h):
    return cells.partition(h, 6, 2, 2, torch.device('cpu'))


def test_the_cache_holds_the_sizes_used_last(monkeypatch, partitions):
    monkeypatch.setattr(cells.partition, 'most_recent', 2)
    first = partition(4)[0]
    partition(5)
    assert partition(4)[0] is first
    partition(6)
    assert [key[0] for key in partitions[0]] == [4, 6]


def test_what_a_cuda_graph_refers_to_is_kept(monkeypatch, partitions):
    monkeypatch.setattr(cells.partition, 'most_recent', 1)
    before = partition(4)
    with monkeypatch.context() as capturing:
        capturing.setattr(index_cache, '_is_capturing', lambda device: True)
        assert partition(4) is before
        # What is computed by the graph itself has no values before it runs.
        assert partition(8) is not partition(8)
    for h in (5, 6, 7):
        partition(h)
    assert partition(4) is before
    assert len(partitions[0]) == len(partitions[1]) == 1


@pytest.mark.parametrize(
    'arguments, message',
    [
        ((1.5, 2, 2), r'r = 1\.5 is not allowed.*0 <= r < 1'),
        ((-0.1, 2, 2), r'r = -0\.1 is not allowed'),
        ((float('nan'), 2, 2), 'r = nan is not allowed'),
        (('0.5', 2, 2), r"r = '0\.5' is not allowed"),
        ((0.8, 2, 2), r'r can be at most 0\.75'),
        ((0.5, 0, 2), r'sx = 0 is not allowed.*positive integer'),
        ((0.5, 2, 2.0), r'sy = 2\.0 is not allowed'),
        ((0.5, True, 2), 'sx = True is not allowed'),
    ],
)
def test_settings_out_of_bounds(arguments, message):
    with pytest.raises(ValueError, match=message):
        BipartiteSoftMatching(*arguments)


def test_the_largest_rate_of_a_cell_is_allowed():
    assert BipartiteSoftMatching(8 / 9, 3, 3).num_tokens((9, 9)) == 9
