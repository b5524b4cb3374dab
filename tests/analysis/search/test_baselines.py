import numpy as np
import pytest

pytest.importorskip('optuna')

# isort: split

from mmseg_tome.analysis.search.baselines import compare_with_baselines
from mmseg_tome.analysis.search.bootstrap import paired_bootstrap
from mmseg_tome.analysis.search.evaluator import Timing
from mmseg_tome.analysis.search.held_out import Setting


def setting(name, time, quality, held_out, spread=0.0):
    results = [(held_out + spread * (-1) ** n,) for n in range(20)]
    timing = Timing(time, time, time, time)
    is_preset = not name.startswith('front')
    return Setting(
        name, [{}] * 4, is_preset, timing, {'q': quality}, {'q': held_out}, results, 'q'
    )  # fmt: skip


def score(results):
    return {'q': float(np.mean(results))}


def interval(one, baseline, block=1):
    return paired_bootstrap(one.results, baseline.results, 'q', score, block)


PRESETS = [setting('none', 1.0, 80, 80), setting('hq', 0.9, 79, 79), setting('fast', 0.8, 77, 77)]


def test_choices_are_made_by_the_images_searched_on_and_judged_by_the_others():
    settings = [
        *PRESETS,
        setting('front-01', 0.95, 85.0, 85.0),  # too slow
        setting('front-02', 0.90, 80.0, 78.0),  # chosen for hq, but only better where it was chosen
        setting('front-03', 0.85, 79.5, 80.0),  # would have been right
        setting('front-04', 0.75, 78.0, 78.5),
        setting('front-05', 0.70, 77.0, 77.0),
        setting('front-06', 0.60, 70.0, 90.0),
    ]
    hq, fast = compare_with_baselines(settings, score)
    assert [(c.setting.name, c.holds) for c in hq.choices] == [('front-02', False)]
    assert not hq.is_beaten
    assert [r.name for r in hq.others] == ['front-03', 'front-06']
    assert [(c.name, c.setting.name, c.holds) for c in fast.choices] == [
        ('best_below_fast_time', 'front-04', True),
        ('fastest_at_fast_quality', 'front-05', True),
    ]
    assert fast.is_beaten and [r.name for r in fast.others] == ['front-06']


def test_presets_are_no_finds():
    settings = [*PRESETS, setting('n2d_2x2', 0.7, 81, 81)]
    hq, fast = compare_with_baselines(settings, score)
    assert not hq.choices and not fast.choices and not hq.is_beaten
    assert [r.name for r in hq.presets] == ['n2d_2x2'] == [r.name for r in fast.presets]


def test_equal_quality_is_enough_for_fast_but_not_for_hq():
    hq, fast = compare_with_baselines([*PRESETS, setting('front-01', 0.79, 79, 79)], score)
    assert not hq.is_beaten  # 79 is hq's
    (best, fastest) = fast.choices
    assert best.holds and fastest.setting is best.setting


def test_interval_is_of_paired_differences():
    hq = PRESETS[1]
    assert interval(setting('front-01', 0.9, 80, 80), hq) == (1.0, 1.0)
    clear, unclear = (setting('front-01', 0.9, 80, 80, spread=spread) for spread in (1, 10))
    for candidate in (clear, unclear):
        (choice,) = compare_with_baselines([*PRESETS, candidate], score)[0].choices
        assert choice.holds and choice.is_clear == (candidate is clear)
        said = compare_with_baselines([*PRESETS, candidate], score)[0].verdict
        assert said.startswith('Yes: front-01') and ('0.' in said[-3:]) == (candidate is unclear)
    low, high = interval(clear, hq)
    assert 0.3 < low < 0.8 and 1.2 < high < 1.7
    same = setting('front-01', 0.9, 79, 79, spread=2)
    baseline = setting('fast', 0.9, 79, 79, spread=2)
    assert interval(same, baseline) == pytest.approx((0, 0))


def test_blocks_are_drawn_together():
    """Of values that alternate, any two that follow each other have the same sum."""
    candidate, baseline = setting('front-01', 0.9, 80, 80, spread=5), PRESETS[1]
    low, high = interval(candidate, baseline)
    assert high - low > 1
    assert interval(candidate, baseline, block=2) == pytest.approx((1, 1))
