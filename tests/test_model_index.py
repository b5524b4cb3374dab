"""`model-index.yml`: what `mim search` finds, and that results are those of their models."""

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mmseg_tome import PRESETS

ROOT = Path(__file__).resolve().parents[1]
HQ = 'segformer_mit-b0_hq_1xb4-3k_camvid-480x360'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    """The command that writes the file, which is no part of a package."""
    path = ROOT / 'tools' / 'dev' / 'write_model_index.py'
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def index():
    """The file as mim reads it, without a network."""
    pytest.importorskip('mim')
    from modelindex.load_model_index import load

    return load(str(ROOT / 'model-index.yml'))


def write(rows: list[dict[str, str]], path: Path) -> None:
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_results_are_those_of_strategy_size_and_this_package(tool, tmp_path: Path) -> None:
    common = {'metric': 'mIoU', 'width': '480', 'height': '360', 'device': 'a CPU', 'date': ''}
    rows = [
        {**common, 'implementation': 'stock', 'strategy': 'hq', 'value': '1'},
        {**common, 'implementation': 'ours', 'strategy': 'hq', 'value': '2'},
        {**common, 'implementation': 'ours', 'strategy': 'fast', 'value': '3'},
        {**common, 'implementation': 'ours', 'strategy': 'hq', 'value': '4', 'width': '960'},
        {**common, 'implementation': 'ours', 'strategy': 'hq', 'value': '5', 'metric': 'change'},
    ]
    write(rows, tmp_path / 'without-retraining.csv')
    experiment, found = tool.measured(HQ, tmp_path)
    assert experiment.checkpoint == 'checkpoints/segformer_mit-b0_camvid-480x360.pth'
    assert {metric: row['value'] for metric, row in found.items()} == {'mIoU': '2'}
    assert tool.measured(HQ.replace('_hq_', '_n2d_2x2_'), tmp_path) is None
    assert tool.measured(HQ.replace('1xb4-3k', '1xb8-20k'), tmp_path) is None  # another model


def test_one_entry_has_one_device_and_date(tool, tmp_path: Path) -> None:
    common = {'implementation': 'ours', 'strategy': 'hq', 'width': '480', 'height': '360'}
    rows = [
        {**common, 'metric': 'mIoU', 'device': 'a CPU', 'date': '2026-11-23'},
        {**common, 'metric': 'mIoU_small', 'device': 'a CPU', 'date': '2026-11-24'},
    ]
    write(rows, tmp_path / 'without-retraining.csv')
    with pytest.raises(ValueError, match=f'the rows of {HQ} are of several devices or dates'):
        tool.measured(HQ, tmp_path)


def test_experiments_have_configs_and_files(tool) -> None:
    names = {path.stem for path in (ROOT / 'configs').glob('[!_]*/*.py')}
    for experiment in tool.EXPERIMENTS:
        assert [name for name in names if tool.re.fullmatch(experiment.configs, name)]
        assert (tool.RESULTS / f'{experiment.file}.csv').is_file()
        assert experiment.checkpoint is None or (ROOT / experiment.checkpoint).is_file()


def test_models_have_results_of_quality(index) -> None:
    measured = {model.name: model.results[0] for model in index.models if model.results}
    assert {result.dataset for result in measured.values()} == {
        'CamVid',
        'generated streets',
        'generated athletes',
    }
    for result in measured.values():
        pose = result.dataset == 'generated athletes'
        metrics = dict(result.metrics.items())
        assert set(metrics) == ({'PCK@0.1', 'PCK@0.05'} if pose else {'mIoU', 'mIoU_small'})
        assert all(0 < value < 100 for value in metrics.values())
    # Trained with `hq` and tested with each strategy: results of the others are of no config.
    assert {name for name in measured if '300i' in name or 'athletes' in name} == {
        'segformer_mit-b0_hq_1xb8-6e_athletes-192x256',
        'segformer_mit-b0_hq_1xb4-300i_streets-1024x512',
    }


def test_mim_filters_and_sorts(index) -> None:
    from mim.commands import search

    table = search.convert2df(index)
    camvid = search.filter_by_training_datasets(table, ['CamVid'])
    assert set(camvid.index) == {path.stem for path in (ROOT / 'configs/camvid').glob('*.py')}
    small = search.filter_by_conditions(camvid, 'batch_size<8')
    assert len(small) == 2 * len(PRESETS) and HQ in small.index
    ordered = search.sort_by(small.dropna(subset=['camvid/miou']), ['camvid/miou'], False)
    assert len(ordered) == len(PRESETS) and ordered['camvid/miou'].is_monotonic_decreasing
