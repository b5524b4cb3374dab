import pandas as pd
import pytest
from mmengine.config import Config
from rich.console import Console

from demo.result import DemoResult, make_table, print_result, write_tables
from demo.tasks import DATASETS, POSE, SEGMENTATION
from mmseg_tome.config_files import config_root, find_configs
from mmseg_tome.strategies import PRESETS

METRICS = {
    'none': {'mIoU': 50.0, 'mIoU_small': 20.0},
    'hq': {'mIoU': 49.0, 'mIoU_small': 19.5},
}
SECONDS = {'stock': 0.4, 'none': 0.2, 'hq': 0.1}


def test_configs_of_the_demo_exist():
    for data in DATASETS.values():
        for config in (data.config, *data.larger.values()):
            assert (config_root() / config).is_file()


def test_pose_leaves_out_the_strategy_that_would_halve_the_heatmaps():
    assert set(PRESETS) - set(POSE.strategies) == {'downsample'}
    assert set(SEGMENTATION.strategies) == set(PRESETS)


@pytest.mark.parametrize('task', [SEGMENTATION, POSE])
def test_next_steps_name_configs_that_exist(task):
    named = [word for word in task.next_steps.split() if word.startswith('configs/')]
    there = {f'configs/{path.relative_to(config_root())}' for path in find_configs()}
    assert len(named) == 2 and set(named) <= there


def test_table():
    table = make_table(SECONDS, METRICS, SEGMENTATION.metrics)
    assert table['strategy'].tolist() == ['stock', 'none', 'hq']
    assert table['mIoU'].tolist() == [50.0, 50.0, 49.0]
    assert table['ms per image'].tolist() == [400.0, 200.0, 100.0]
    assert table['speed-up over stock'].tolist() == [1.0, 2.0, 4.0]
    assert table['speed-up over none'].tolist() == [0.5, 1.0, 2.0]


def test_pck_is_shown_in_percent():
    metrics = {
        'none': {'PCK@0.1': 0.51234, 'PCK@0.05': 0.25, 'tPCK@0.1': 0.1},
        'hq': {'PCK@0.1': 0.5, 'PCK@0.05': 0.24, 'tPCK@0.1': 0.1},
    }
    table = make_table(SECONDS, metrics, POSE.metrics)
    assert table['PCK@0.1'].tolist() == [51.23, 51.23, 50.0]
    assert table['PCK@0.05'].tolist() == [25.0, 25.0, 24.0]
    assert 'tPCK@0.1' not in table


def test_speed_alone():
    table = make_table(SECONDS)
    assert list(table) == ['strategy', 'ms per image', 'speed-up over stock', 'speed-up over none']
    assert table['strategy'].tolist() == list(SECONDS)


@pytest.fixture
def tables():
    return {
        'Quality': make_table(SECONDS, METRICS, SEGMENTATION.metrics),
        'Larger': make_table({name: 10 * value for name, value in SECONDS.items()}),
    }


@pytest.mark.parametrize('task', [SEGMENTATION, POSE])
def test_result_names_what_was_written_and_what_to_do_next(task, tables, tmp_path, capsys):
    result = DemoResult(task, tables, 'caption', tmp_path, tmp_path / 'iter.pth', tmp_path / 'c.py')
    print_result(result, Console(width=200))
    printed = capsys.readouterr().out
    expected = ('speed-up over stock', 'caption', 'comparison.png', 'iter.pth')
    for text in (*expected, 'Quality', 'Larger', '4000.0', f'mim train {task.package} configs/'):
        assert text in printed


def test_tables_are_written_as_markdown_and_csv(tables, tmp_path):
    write_tables(tables, 'caption', tmp_path)
    for name, table in zip(('table.csv', 'table2.csv'), tables.values(), strict=True):
        assert pd.read_csv(tmp_path / name).equals(table)
    markdown = (tmp_path / 'table.md').read_text()
    assert markdown.count('| stock ') == 2 and markdown.endswith('caption\n')


def test_larger_inputs_are_of_the_same_model():
    for data in DATASETS.values():
        ours, *larger = (
            Config.fromfile(config_root() / path) for path in (data.config, *data.larger.values())
        )
        for other in larger:
            for cfg in (ours, other):
                for key in ('init_cfg', 'tome_cfg', 'drop_path_rate'):
                    del cfg.model.backbone[key]
                del cfg.model.head['decoder']
            assert other.model == ours.model
    assert DATASETS['athletes'].larger
