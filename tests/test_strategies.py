import json
from dataclasses import replace

import pytest
import yaml

from mmseg_tome import PRESETS
from mmseg_tome.merging import BipartiteSoftMatching, NeighborPooling1d, NeighborPooling2d
from mmseg_tome.strategies import StageMerging, parse_tome_cfg

HQ = [
    dict(kv_mode='bsm', kv_r=0.6, kv_sx=2, kv_sy=2),
    dict(kv_mode='bsm', kv_r=0.6, kv_sx=2, kv_sy=2),
    dict(q_mode='bsm', q_r=0.8, q_sx=4, q_sy=4),
    dict(q_mode='bsm', q_r=0.8, q_sx=4, q_sy=4),
]
FAST = [
    dict(kv_mode='bsm', kv_r=0.9, kv_sx=4, kv_sy=4),
    dict(kv_mode='bsm', kv_r=0.9, kv_sx=4, kv_sy=4),
    dict(q_mode='bsm', q_r=0.9, q_sx=4, q_sy=4),
    dict(q_mode='bsm', q_r=0.9, q_sx=4, q_sy=4),
]
N2D = [dict(q_mode='n2d', q_s=(2, 2))] * 4


@pytest.mark.parametrize(
    'name, published', [('hq', HQ), ('fast', FAST), ('n2d_2x2', N2D), ('none', [{}] * 4)]
)
def test_presets_are_the_published_lists(name, published):
    assert parse_tome_cfg(name).stages == parse_tome_cfg(published).stages
    assert not parse_tome_cfg(name).down_sample


@pytest.mark.parametrize('alias, name', [('bsm_hq', 'hq'), ('bsm_fast', 'fast')])
def test_published_names(alias, name):
    assert parse_tome_cfg(alias) == parse_tome_cfg(name)


def test_every_preset_parses_and_merges_what_it_says():
    assert {'none', 'hq', 'fast', 'n2d_2x2', 'downsample'} < set(PRESETS)
    for name in PRESETS:
        strategy = parse_tome_cfg(name)
        merges = any(stage != StageMerging() for stage in strategy.stages)
        assert merges == (name not in ('none', 'downsample'))
        assert strategy.down_sample == (name == 'downsample')


def test_weighted_presets_are_the_published_ones_with_weighted_keys():
    for name in ('hq', 'fast'):
        published, weighted = (parse_tome_cfg(each).stages for each in (name, f'{name}_weighted'))
        assert [stage.kv_weighted for stage in weighted] == [True, True, False, False]
        assert [(s.q, s.kv) for s in weighted] == [(s.q, s.kv) for s in published]


def test_auto_is_weighted_hq_only_if_faster():
    auto, hq = parse_tome_cfg('auto'), parse_tome_cfg('hq_weighted')
    assert auto.name == 'auto' and not auto.down_sample
    for one, other in zip(auto.stages, hq.stages, strict=True):
        assert one == replace(other, only_if_faster=True)
    assert all(stage.only_if_faster for stage in auto.stages)
    assert not any(stage.only_if_faster for stage in hq.stages)
    with pytest.raises(ValueError, match=r"did you mean 'auto'\? Allowed: none, .*, auto, bsm_hq"):
        parse_tome_cfg('aut')


def test_both_sides_and_all_modes():
    stages = [
        dict(q_mode='n2d', kv_mode='bsm', q_s=(2, 3), kv_r=0.6, kv_sx=2, kv_sy=4),
        dict(q_mode='n1d', q_s=3, kv_mode='n2d', kv_s=2),
        dict(q_mode=None, kv_mode=None, q_r=None),
    ]
    assert parse_tome_cfg(stages, num_stages=3).stages == (
        StageMerging(NeighborPooling2d((2, 3)), BipartiteSoftMatching(0.6, 2, 4)),
        StageMerging(NeighborPooling1d(3), NeighborPooling2d((2, 2))),
        StageMerging(),
    )


@pytest.mark.parametrize('suffix, dump', [('.yaml', yaml.safe_dump), ('.json', json.dumps)])
def test_files(tmp_path, suffix, dump):
    path = tmp_path / f'rates{suffix}'
    path.write_text(dump(FAST))
    assert parse_tome_cfg(str(path)).stages == parse_tome_cfg('fast').stages
    assert parse_tome_cfg(path).name == str(path)


def test_down_sample_switch():
    assert parse_tome_cfg(None, down_sample=True) == parse_tome_cfg('downsample')
    assert parse_tome_cfg('none', down_sample=True) == parse_tome_cfg('downsample')
    assert parse_tome_cfg([{}] * 4, down_sample=True) == parse_tome_cfg('downsample')
    assert parse_tome_cfg('downsample', down_sample=True) == parse_tome_cfg('downsample')
    with pytest.raises(ValueError, match=r"down_sample = True beside tome_cfg = 'hq'.*choose one"):
        parse_tome_cfg('hq', down_sample=True)
    with pytest.raises(TypeError, match="down_sample = 'yes'"):
        parse_tome_cfg(None, down_sample='yes')


def test_presets_without_stages_fit_any_backbone():
    assert len(parse_tome_cfg('downsample', num_stages=3).stages) == 3
    assert len(parse_tome_cfg(None, num_stages=5).stages) == 5


@pytest.mark.parametrize(
    'cfg, message',
    [
        ('fst', "'fst' is not the name of a preset; did you mean 'fast'.*none, hq, fast"),
        ('bsm-hq', "did you mean 'bsm_hq'"),
        ('', r"'' is not the name of a preset\. Allowed: none, hq"),
        (HQ[:3], 'has 3 stages but the backbone has 4'),
        ([{}, {}, {}, 'bsm'], "stage 4: 'bsm' is not allowed: give a dict"),
        ([dict(kv_mod='bsm')] + [{}] * 3, "stage 1: unknown key 'kv_mod'; did you mean 'kv_mode'"),
        (
            [{}, dict(q_mode='bsm_r2D', q_r=0.9, q_sx=4, q_sy=4), {}, {}],
            "stage 2: q_mode = 'bsm_r2D' is not allowed; did you mean 'bsm'.*bsm, n2d, n1d, None",
        ),
        ([{}, {}, dict(q_mode='bsm', q_r=0.5, q_sx=2), {}], "stage 3: q_mode = 'bsm' needs q_sy"),
        ([{}, {}, dict(kv_mode='n2d'), {}], "stage 3: kv_mode = 'n2d' needs kv_s"),
        ([dict(kv_r=0.6, kv_sx=2)] + [{}] * 3, 'stage 1: kv_r, kv_sx without kv_mode'),
        (
            [dict(q_mode='n2d', q_s=2, q_r=0.5)] + [{}] * 3,
            "stage 1: q_r does not belong to q_mode = 'n2d', with q_s",
        ),
        (
            [dict(q_mode='bsm', q_r=1.5, q_sx=2, q_sy=2)] + [{}] * 3,
            r'stage 1: q_r = 1\.5 is not allowed: give a number with 0 <= r < 1',
        ),
        (
            [dict(kv_mode='bsm', kv_r=0.9, kv_sx=2, kv_sy=2)] + [{}] * 3,
            r'stage 1: kv_r = 0\.9 is not allowed.*at most 0\.75',
        ),
        (
            [dict(q_mode='bsm', q_r=0.5, q_sx=0, q_sy=2)] + [{}] * 3,
            'stage 1: q_sx = 0 is not allowed: give a positive integer',
        ),
        ([dict(kv_mode='n2d', kv_s=(2, -1))] + [{}] * 3, 'stage 1: kv_s = -1 is not allowed'),
        ([dict(q_mode='n1d', q_s=(2, 2))] + [{}] * 3, r'stage 1: q_s = \(2, 2\) is not allowed'),
    ],
)
def test_errors_name_stage_field_value_and_what_is_allowed(cfg, message):
    with pytest.raises(ValueError, match=message):
        parse_tome_cfg(cfg)


@pytest.mark.parametrize('cfg', [5, True, dict(q_mode='bsm'), {1, 2}])
def test_other_types(cfg):
    with pytest.raises(TypeError, match=r'tome_cfg = .* is not allowed: give the name of a preset'):
        parse_tome_cfg(cfg)


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        parse_tome_cfg(str(tmp_path / 'absent.yaml'))
    broken = tmp_path / 'broken.json'
    broken.write_text('[{')
    with pytest.raises(ValueError, match=r'broken\.json.* cannot be read'):
        parse_tome_cfg(broken)
    mapping = tmp_path / 'mapping.yml'
    mapping.write_text('q_mode: bsm')
    with pytest.raises(ValueError, match=r'must hold a list.*holds a dict'):
        parse_tome_cfg(mapping)
    wrong = tmp_path / 'wrong.yml'
    wrong.write_text(yaml.safe_dump([dict(q_mode='nd2')] + [{}] * 3))
    with pytest.raises(ValueError, match=r"wrong\.yml', stage 1: q_mode = 'nd2'.*'n2d'"):
        parse_tome_cfg(wrong)


def test_none_may_come_as_text():
    assert parse_tome_cfg('None') == parse_tome_cfg(None)
    with pytest.raises(ValueError, match="did you mean 'none'"):
        parse_tome_cfg('NONE')
