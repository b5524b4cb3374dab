"""The search on a model that is a formula."""

import json
from types import SimpleNamespace

import pytest

pytest.importorskip('optuna')

# isort: split
from mmseg_tome.analysis.search.evaluator import Timing
from mmseg_tome.analysis.search.images import Images
from mmseg_tome.analysis.search.loop import NUM_PROMISING, Budget, Search
from mmseg_tome.analysis.search.pareto import pareto_front
from mmseg_tome.analysis.search.sensitivity import single_stage_candidates
from mmseg_tome.analysis.search.space import (
    SIDES,
    encode,
    key_of,
    preset_stages,
    searched_presets,
)
from mmseg_tome.analysis.search.study import Exhausted, Study
from mmseg_tome.analysis.search.trials import CLEARLY, TrialRunner
from mmseg_tome.strategies import parse_tome_cfg

RATIOS = (8, 4, 2, 1)
IMAGES = Images([{'inputs': n} for n in range(12)], [f'{n}.png' for n in range(12)])
HW = (16, 16)
LOSS = 3  # percentage points, of all tokens of a side


class Formula:
    """Merging saves time but for queries of stage 1, and costs quality, of image ``n`` more."""

    def __init__(self, fail_at=None):
        self.measured, self.predicted, self.fail_at = [], [], fail_at

    def _merged(self, stages):
        sides = [getattr(s, side) for s in parse_tome_cfg(stages).stages for side in SIDES]
        return [1 - side.num_tokens(HW) / 256 for side in sides if side is not None]

    def time(self, stages):
        if len(self.measured) == self.fail_at:
            raise KeyboardInterrupt
        self.measured.append(key_of(stages))
        ratio = 1 - sum(self._merged(stages)) / 10 + ('q_mode' in stages[0])
        return Timing(ratio, ratio, ratio, ratio / 10)

    def results(self, stages, images):
        self.predicted.append(len(images))
        loss = LOSS * sum(merged**2 for merged in self._merged(stages))
        return [(60 - loss - sample['inputs'] / 10,) for sample in images.samples]

    def score(self, results):
        return {'mIoU': sum(value for (value,) in results) / len(results)}


@pytest.fixture
def begin(tmp_path):
    def begin(fail_at=None):
        evaluator = Formula(fail_at)
        study = Study(tmp_path, len(RATIOS), seed=0)
        return evaluator, Search(TrialRunner(evaluator, IMAGES, 'mIoU'), study, RATIOS)

    return begin


def origins(search):
    return [trial.origin.split()[0] for trial in search.study.trials]


def test_presets_come_first_then_stages_then_sums_then_proposals(begin):
    evaluator, search = begin()
    shares = []
    search.run(Budget(trials=70), shares.append)
    kinds = origins(search)
    assert len(kinds) == len(evaluator.measured) == len(set(evaluator.measured)) == 70
    assert kinds == sorted(kinds, key=('preset', 'stage', 'sum', 'search').index)
    assert kinds.count('preset') == len(searched_presets())
    # Both settings of a side alone that a preset has are measured once.
    assert kinds.count('stage') == len(single_stage_candidates(RATIOS))
    assert 1 <= kinds.count('sum') <= NUM_PROMISING
    assert kinds.count('search') >= 10
    assert shares[0] == 0 and shares[-1] == 1 and len(shares) == 71


def test_the_front_is_of_what_was_measured_and_not_dominated(begin):
    _, search = begin()
    search.run(Budget(trials=50))
    front = search.front()
    assert len(front) > 4 and front == pareto_front(front)
    for trial in search.study.trials:
        if not trial.pruned:
            assert any(p.time <= trial.time and p.quality >= trial.quality for p in front)
    assert not any(trial.pruned for trial in front)


def test_clearly_beaten_candidates_are_predicted_in_part_and_estimated(begin):
    evaluator, search = begin()
    search.run(Budget(trials=60))
    pruned = [trial for trial in search.study.trials if trial.pruned]
    assert pruned
    assert evaluator.predicted.count(4) == 60  # every third image of 12
    assert evaluator.predicted.count(8) == 60 - len(pruned)
    for trial in pruned:
        assert not trial.origin.startswith('preset')
        exact = evaluator.score(evaluator.results(trial.stages, IMAGES))['mIoU']
        assert trial.quality == pytest.approx(exact)  # images differ alike for all candidates
        assert any(
            other.time <= trial.time and other.early >= trial.early + CLEARLY
            for other in search.study.trials
        )


def test_a_search_goes_on_where_it_ended(begin):
    _, search = begin()
    search.run(Budget(trials=40))
    before = search.study.trials
    evaluator, again = begin()
    # As JSON has it: pairs are lists.
    assert [json.dumps(t.__dict__) for t in again.study.trials] == [
        json.dumps(t.__dict__) for t in before
    ]
    again.run(Budget(trials=52))
    keys = [key_of(trial.stages) for trial in again.study.trials]
    assert len(keys) == len(set(keys)) == 52
    assert evaluator.measured == keys[40:]


@pytest.mark.parametrize('fail_at', [3, 49])
def test_an_interrupted_trial_is_measured_again_and_no_other(begin, fail_at):
    evaluator, search = begin(fail_at)
    with pytest.raises(KeyboardInterrupt):
        search.run(Budget(trials=50))
    assert len(search.study.trials) == fail_at
    again, resumed = begin()
    resumed.run(Budget(trials=50))
    assert not set(evaluator.measured) & set(again.measured)
    assert len(evaluator.measured) + len(again.measured) == 50 == len(resumed.study.trials)
    assert origins(resumed)[:4] == ['preset'] * 4


def test_minutes_end_a_search(begin, monkeypatch):
    clock = iter(range(0, 10**6, 30))  # half a minute passes whenever somebody looks
    monkeypatch.setattr(
        'mmseg_tome.analysis.search.loop.time', SimpleNamespace(monotonic=lambda: next(clock))
    )
    _, search = begin()
    search.run(Budget(minutes=5))
    assert 1 <= len(search.study.trials) <= 10


def test_a_search_without_an_end_is_refused():
    with pytest.raises(ValueError, match='give trials or minutes'):
        Budget()


def test_a_finished_search_measures_nothing_more(begin):
    begin()[1].run(Budget(trials=5))
    evaluator, again = begin()
    again.run(Budget(trials=5))
    assert evaluator.measured == [] and len(again.study.trials) == 5


def test_effects_are_against_nothing(begin):
    _, search = begin()
    search.run(Budget(trials=len(searched_presets()) + len(single_stage_candidates(RATIOS))))
    effects = search.effects()
    assert set(effects) == {key_of(stages) for stages in single_stage_candidates(RATIOS)}
    stages = single_stage_candidates(RATIOS)[3]  # keys/values of stage 1, 0.6
    merged = int(256 * 0.6) / 256
    assert effects[key_of(stages)] == (
        pytest.approx(-LOSS * merged**2),
        pytest.approx(-merged / 10),
    )


def test_quality_that_is_no_number_is_an_error(begin):
    evaluator, search = begin()
    evaluator.score = lambda results: {'mIoU': float('nan')}
    with pytest.raises(ValueError, match='mIoU is not a number: nothing in the images counts'):
        search.run(Budget(trials=5))


def test_proposals_that_are_all_known_end_the_search(begin, monkeypatch):
    _, search = begin()
    monkeypatch.setattr(search.study, 'knows', lambda stages: True)
    monkeypatch.setattr('mmseg_tome.analysis.search.study.PATIENCE', 3)
    with pytest.raises(Exhausted, match='the last 3 proposals were all tried before'):
        search.study.propose()
    search.run(Budget(trials=5))
    assert search.study.trials == []


def test_presets_as_lists():
    for name in ('hq', 'none'):
        stages = preset_stages(name, 4)
        assert parse_tome_cfg(stages).stages == parse_tome_cfg(name).stages


def test_what_an_interrupted_run_left_in_the_queue_is_not_taken_for_another(begin):
    _, search = begin()
    search.study._study.enqueue_trial(encode(preset_stages('fast', 4)))
    search.run(Budget(trials=2))
    assert [trial.origin for trial in search.study.trials] == ['preset none', 'preset hq']
    params = [search.study._study.trials[trial.number].params for trial in search.study.trials]
    assert params == [encode(trial.stages) for trial in search.study.trials]
