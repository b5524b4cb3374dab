import pytest
from rich.console import Console

from mmseg_tome.analysis.demo import DemoResult, make_table, print_result
from mmseg_tome.analysis.demo_tasks import DATASETS, POSE, SEGMENTATION
from mmseg_tome.config_files import config_root, find_configs
from mmseg_tome.presets import PRESETS

METRICS = {
    'none': {'mIoU': 50.0, 'mIoU_small': 20.0},
    'hq': {'mIoU': 49.0, 'mIoU_small': 19.5},
}
SECONDS = {'stock': 0.4, 'none': 0.2, 'hq': 0.1}


def test_configs_of_the_demo_exist():
    for data in DATASETS.values():
        assert (config_root() / data.config).is_file()


def test_pose_leaves_out_the_strategy_that_would_halve_the_heatmaps():
    assert set(PRESETS) - set(POSE.strategies) == {'downsample'}
    assert set(SEGMENTATION.strategies) == set(PRESETS)


@pytest.mark.parametrize('task', [SEGMENTATION, POSE])
def test_next_steps_name_configs_that_exist(task):
    named = [word for word in task.next_steps.split() if word.startswith('configs/')]
    there = {f'configs/{path.relative_to(config_root())}' for path in find_configs()}
    assert len(named) == 2 and set(named) <= there


def test_table():
    table = make_table(METRICS, SECONDS, SEGMENTATION.metrics)
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
    table = make_table(metrics, SECONDS, POSE.metrics)
    assert table['PCK@0.1'].tolist() == [51.23, 51.23, 50.0]
    assert table['PCK@0.05'].tolist() == [25.0, 25.0, 24.0]
    assert 'tPCK@0.1' not in table


@pytest.mark.parametrize('task', [SEGMENTATION, POSE])
def test_result_names_what_was_written_and_what_to_do_next(task, tmp_path, capsys):
    table = make_table(METRICS, SECONDS, SEGMENTATION.metrics)
    result = DemoResult(task, table, 'caption', tmp_path, tmp_path / 'iter.pth', tmp_path / 'c.py')
    print_result(result, Console(width=200))
    printed = capsys.readouterr().out
    expected = ('speed-up over stock', 'caption', 'comparison.png', 'iter.pth')
    for text in (*expected, f'mim train {task.package} configs/'):
        assert text in printed
