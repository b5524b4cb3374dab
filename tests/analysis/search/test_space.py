import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip('optuna')

# isort: split
from optuna.trial import FixedTrial

from mmseg_tome.analysis.search.space import (
    CELLS_AROUND,
    GRIDS,
    MODES,
    SIDES,
    STRIDES,
    WEIGHTED,
    WINDOWS,
    describe,
    encode,
    key_of,
    suggest,
)
from mmseg_tome.strategies import PRESETS, parse_tome_cfg

PRESETS_THAT_MERGE = [name for name, preset in PRESETS.items() if preset.stages]


class Drawn:
    """Chooses as hypothesis draws."""

    def __init__(self, draw):
        self.draw = draw

    def suggest_categorical(self, name, choices):
        return self.draw(st.sampled_from(choices))

    def suggest_float(self, name, low, high):
        return self.draw(st.floats(low, high))


@pytest.mark.parametrize('name', PRESETS_THAT_MERGE)
def test_presets_are_within_the_space(name):
    stages = suggest(FixedTrial(encode(PRESETS[name].stages)), 4)
    assert parse_tome_cfg(stages).stages == parse_tome_cfg(name).stages
    assert key_of(stages) == key_of(PRESETS[name].stages)


def test_nothing_is_within_the_space():
    assert suggest(FixedTrial(encode([{}] * 4)), 4) == [{}] * 4


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_suggested_is_allowed_and_can_be_encoded(data):
    stages = suggest(Drawn(data.draw), 4)
    assert len(parse_tome_cfg(stages).stages) == 4
    assert key_of(suggest(FixedTrial(encode(stages)), 4)) == key_of(stages)


@pytest.mark.parametrize('weighted', WEIGHTED)
def test_every_mode_grid_and_window_can_be_suggested_on_both_sides(weighted):
    choices = [
        ('bsm', {'grid': grid, 'share': 1.0, 'around': around})
        for grid in GRIDS
        for around in CELLS_AROUND
    ]
    choices += [('n2d', {'window': window}) for window in WINDOWS]
    choices += [('n1d', {'stride': stride}) for stride in STRIDES]
    assert {mode for mode, _ in choices} | {'none'} == set(MODES)
    for mode, values in choices:
        params = {f'1.{side}.{k}': v for side in SIDES for k, v in {'mode': mode, **values}.items()}
        params['1.kv.weighted'] = weighted
        (stage,) = suggest(FixedTrial(params), 1)
        assert stage.get('kv_weighted', False) == weighted
        merging = parse_tome_cfg([stage], 1).stages[0]
        # Around plain attention (Fig. 2b), queries and keys/values are merged alike.
        assert merging.q == merging.kv
        assert merging.q is not None


@pytest.mark.parametrize(
    ('stage', 'message'),
    [
        (dict(q_mode='bsm', q_r=0.5, q_sx=3, q_sy=5), "1.q: '3x5' is not searched; searched are"),
        (dict(kv_mode='bsm', kv_r=0.333, kv_sx=2, kv_sy=2), '1.kv: r = 0.333 is not searched'),
        (dict(kv_mode='bsm', kv_r=0.05, kv_sx=2, kv_sy=2), 'from 0.15 to 0.75'),
        (dict(q_mode='n2d', q_s=(1, 7)), "'1x7' is not searched"),
        (dict(q_mode='n1d', q_s=9), '9 is not searched; searched are 2, 3, 4'),
    ],
)
def test_what_is_outside_of_the_space_is_refused(stage, message):
    with pytest.raises(ValueError, match=message):
        encode([stage])


def test_description():
    assert describe(PRESETS['hq'].stages) == (
        '1: kv bsm 0.6 2x2; 2: kv bsm 0.6 2x2; 3: q bsm 0.8 4x4; 4: q bsm 0.8 4x4'
    )
    assert describe([{}, dict(q_mode='n2d', q_s=(2, 1), kv_mode='n1d', kv_s=3)]) == (
        '2: q n2d 2x1, kv n1d 3'
    )
    assert describe([{}] * 4) == 'nothing'
