from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from mmseg_tome.analysis.search.pareto import best_within, fastest_with, pareto_front, spread

few = st.integers(0, 6)  # so that ties are frequent
POINTS = st.lists(st.builds(SimpleNamespace, quality=few, time=few), max_size=30)


def dominates(a, b):
    as_good = a.quality >= b.quality and a.time <= b.time
    return as_good and (a.quality > b.quality or a.time < b.time)


@given(POINTS)
def test_the_front_is_what_no_other_point_dominates(points):
    front = pareto_front(points)
    kept = {(p.quality, p.time) for p in front}
    assert kept == {
        (p.quality, p.time) for p in points if not any(dominates(other, p) for other in points)
    }
    assert len(kept) == len(front)
    assert [p.time for p in front] == sorted(p.time for p in front)


def test_of_equals_the_first_is_kept():
    first, second = (SimpleNamespace(quality=1, time=1) for _ in range(2))
    (kept,) = pareto_front([first, second])
    assert kept is first


def test_spread_keeps_both_ends():
    assert spread(range(10), 4) == [0, 3, 6, 9]
    assert spread(range(3), 4) == [0, 1, 2]


@given(POINTS, few)
def test_picks(points, limit):
    best, fastest = best_within(points, limit), fastest_with(points, limit)
    within = [p.quality for p in points if p.time <= limit]
    good = [p.time for p in points if p.quality >= limit]
    assert (best is None) == (not within) and (fastest is None) == (not good)
    if best:
        assert best.time <= limit and best.quality == max(within)
    if fastest:
        assert fastest.quality >= limit and fastest.time == min(good)
