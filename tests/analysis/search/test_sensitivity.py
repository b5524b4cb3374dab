from itertools import product

import pytest

from mmseg_tome.analysis.search.pareto import pareto_front
from mmseg_tome.analysis.search.sensitivity import (
    Effect,
    predict_front,
    promising_candidates,
    side_settings,
    single_stage_candidates,
    stage_settings,
)
from mmseg_tome.analysis.search.space import encode, key_of
from mmseg_tome.strategies import parse_tome_cfg

RATIOS = (2, 1)


@pytest.fixture
def effects():
    """Made up; what saves more costs more, but for a few that are better."""
    return {
        key_of(stages): (-((n * 7) % 11) / 10 - n / 50, -((n * 5) % 13) / 100 - n / 500)
        for n, stages in enumerate(single_stage_candidates(RATIOS))
    }


def test_each_stage_and_side_is_tried_alone():
    candidates = single_stage_candidates(RATIOS)
    assert len({key_of(stages) for stages in candidates}) == len(candidates) == 6 + 9
    for stages in candidates:
        assert sum(bool(stage) for stage in stages) == 1
        parse_tome_cfg(stages, len(RATIOS))
        encode(stages)  # within the space


def test_merging_around_plain_attention_is_tried_where_nothing_is_reduced():
    both = [s for s in stage_settings(1) if 'q_mode' in s and 'kv_mode' in s]
    assert len(both) == 3
    for setting in both:
        merging = parse_tome_cfg([setting], 1).stages[0]
        assert merging.q == merging.kv
    assert not [s for s in stage_settings(2) if 'q_mode' in s and 'kv_mode' in s]


def test_predicted_front_is_that_of_all_sums(effects):
    def options(stage):
        def found(setting):
            return effects.get(key_of([setting if i == stage else {} for i in range(2)]))

        for q, kv in product(({}, *side_settings('q')), ({}, *side_settings('kv'))):
            parts = [found(q | kv)] if found(q | kv) else [found(s) for s in (q, kv) if s]
            yield q | kv, sum(p[0] for p in parts), sum(p[1] for p in parts)

    sums = [
        Effect((a, b), qa + qb, ta + tb)
        for (a, qa, ta), (b, qb, tb) in product(options(0), options(1))
    ]
    expected = [(p.quality, p.time) for p in pareto_front(sums)]
    predicted = [(p.quality, p.time) for p in predict_front(effects, RATIOS)]
    assert len(predicted) > 3
    assert predicted == [pytest.approx(pair) for pair in expected]


def test_promising_candidates_are_within_the_space(effects):
    found = promising_candidates(effects, RATIOS, 4)
    assert len(found) == 4
    for stages in found:
        encode(stages)
    # One of them merges in both stages, as none of the measured ones did.
    assert any(all(stages) for stages in found)


def test_without_measurements_nothing_is_promised():
    assert promising_candidates({}, RATIOS, 4) == [[{}, {}]]
