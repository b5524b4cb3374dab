import pytest

pytest.importorskip('mmseg')
from benchmarks.paper.recipe import make_recipe, parse_options
from benchmarks.paper.strategies import read_strategies
from mmseg_tome.config_files import config_root
from mmseg_tome.strategies import PRESETS
from tests.benchmarks.paper.tiny_runs import CONFIG, write_config


def test_a_config_by_data_set_and_variant():
    recipe = make_recipe('cityscapes/b5')
    assert recipe.config.parent == config_root() / 'cityscapes' and '-b5_none_' in str(
        recipe.config
    )
    assert recipe.package == 'mmsegmentation'
    with pytest.raises(ValueError, match=r'several configs fit(.|\n)*-600i_(.|\n)*-20k_'):
        make_recipe('camvid/b0')
    with pytest.raises(FileNotFoundError, match=r'no config fits(.|\n)*cityscapes/'):
        make_recipe('cityscapes/b7')
    with pytest.raises(FileNotFoundError, match='no such file'):
        make_recipe('absent.py')


def test_a_config_of_the_other_task(tmp_path):
    config = write_config(tmp_path, CONFIG.replace("'mmseg'", "'mmpose'"))
    with pytest.raises(ValueError, match='is for mmpose, and this table is of mmsegmentation'):
        make_recipe(str(config))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (("tome_cfg='none'", "tome_cfg='hq'"), 'merges already'),
        (("type='MixVisionTransformer'", "type='ResNet'"), 'not a MiT'),
        (('mmseg_tome', 'no_such_module'), 'cannot be read'),
    ],
)
def test_configs_that_are_refused(change, message, tmp_path):
    config = write_config(tmp_path, CONFIG.replace(*change))
    with pytest.raises(ValueError, match=message):
        make_recipe(str(config)).resolved()


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('max_iters', 'give KEY=VALUE'),
        ('model.backbone.tome_cfg=hq', '--strategies'),
        ('randomness.seed=1', '--seeds'),
    ],
)
def test_options_that_are_refused(option, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        make_recipe(str(write_config(tmp_path)), [option])


def test_options_are_read_as_mim_reads_them(tmp_path):
    assert parse_options(['a.b=1', 'c=x,2', 'd=None', 'a.b=3']) == {
        'a.b': 3,
        'c': ['x', 2],
        'd': None,
    }
    recipe = make_recipe(str(write_config(tmp_path)), ['train_cfg.max_iters=7'])
    assert recipe.resolved().train_cfg.max_iters == 7
    assert recipe.resolved('train_cfg.max_iters=8').train_cfg.max_iters == 8


def test_strategies(tmp_path):
    assert list(read_strategies([], 'mmseg')) == list(PRESETS)
    assert list(read_strategies([], 'mmpose')) == [p for p in PRESETS if p != 'downsample']
    # What the others are compared with is always there, and first.
    assert list(read_strategies(['hq', 'none'], 'mmseg')) == ['none', 'hq']
    assert read_strategies(['bsm_fast'], 'mmseg') == {'none': 'none', 'fast': 'fast'}
    assert read_strategies(['auto'], 'mmseg') == {'none': 'none', 'auto': 'auto'}
    rates = tmp_path / 'rates.yaml'
    rates.write_text('[{}, {}, {}, {}]')
    assert read_strategies([str(rates)], 'mmseg')['rates'] == str(rates)
    for names, scope in ((['hq', 'bsm_hq'], 'mmseg'), (['downsample'], 'mmpose'), (['h'], 'mmseg')):
        with pytest.raises(ValueError, match=r'called|not for pose|not the name'):
            read_strategies(names, scope)
    (tmp_path / 'hq.yaml').write_text('[{}, {}, {}, {}]')
    with pytest.raises(ValueError, match="two strategies would be called 'hq'"):
        read_strategies([str(tmp_path / 'hq.yaml')], 'mmseg')


def test_model_and_dataset_are_read_from_the_name(tmp_path):
    assert make_recipe('cityscapes/b5').subject == {'model': 'b5', 'dataset': 'cityscapes'}
    own = make_recipe(str(write_config(tmp_path)))
    assert own.subject == {'model': 'segformer_mit-b0_none_tiny', 'dataset': ''}
