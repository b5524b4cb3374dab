"""Tables II, III and IV from runs that compute nothing: what they say, keep, and do again."""

import json
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip('mmseg')
from benchmarks.collect import find
from benchmarks.paper import inference_speed, paper, training_speed
from benchmarks.paper.inference_table import make_inference_table, name_checkpoints
from benchmarks.paper.quality_tables import with_speed_up
from benchmarks.paper.training_table import TABLE_3, TABLE_4, make_training_table
from mmseg_tome.analysis.results import read_csv
from tests.benchmarks.paper.tiny_runs import FakeMim, make_runs, write_config

STRATEGIES = {'none': 'none', 'hq': 'hq'}


@pytest.fixture
def mim(monkeypatch):
    return FakeMim(monkeypatch)


@pytest.fixture
def steps(monkeypatch):
    """Training steps that are 'measured' at once."""
    calls = []

    def measure(cfg, strategies, repeats, device, on_step):
        calls.append((list(strategies), repeats, device))
        rates = {'stock': 1.0, 'none': 2.0, 'hq': 3.0}
        return {
            name: {'steps/s': rate, 'saved_bytes': 2**20 * int(rate), 'peak_bytes': None}
            for name, rate in rates.items()
        }

    monkeypatch.setattr(training_speed, 'measure_training_steps', measure)
    return calls


def train(folder, reports, seeds=(0, 1), repeats=3, **kwargs):
    runs, said = make_runs(folder, write_config(folder), repeats=repeats, **kwargs)
    make_training_table(TABLE_3, runs, STRATEGIES, seeds, reports.append)
    return said


def test_every_strategy_and_seed_is_trained_and_tested(mim, steps, tmp_path):
    reports = []
    train(tmp_path, reports)
    runs = [(c[0], mim.options(i)['model.backbone.tome_cfg']) for i, c in enumerate(mim.commands)]
    assert runs == [(what, s) for s in ('none', 'hq') * 2 for what in ('train', 'test')]
    trained = [mim.options(i) for i in range(0, 8, 2)]
    assert [o['randomness.seed'] for o in trained] == ['0', '0', '1', '1']
    assert steps == [(['none', 'hq'], 3, 'cpu')]
    # Each is tested with the weights of its own training.
    tested = mim.commands[3]
    assert Path(tested[tested.index('--checkpoint') + 1]).name == 'hq-seed0.pth'
    assert len(reports) == 5 and [len(r.missing) for r in reports] == [4, 3, 2, 1, 0]
    assert 'Not finished' in reports[0].markdown and 'hq-seed1' in reports[0].markdown
    assert 'Not finished' not in reports[-1].markdown


def test_report(mim, steps, tmp_path):
    reports = []
    train(tmp_path, reports)
    paths = reports[-1].write(tmp_path / 'out')
    assert [p.name for p in paths] == [
        'table3.md',
        'table3.csv',
        'table3.png',
        'table3-results.csv',
    ]
    markdown = paths[0].read_text()
    line = next(x for x in markdown.splitlines() if x.startswith('| hq'))
    cells = [cell.strip() for cell in line.strip('|').split('|')]
    assert cells[1:5] == ['3', '3.00', '1.50', '3']
    assert cells[5:7] == ['59.00 ± 0.00', '−1.00 ± 0.00']
    for text in ('seeds 0, 1', '100 iterations, batch 2', '101 test', 'NVIDIA Test', 'torch 2'):
        assert text in markdown, text
    assert "Beside the paper's Table III" in markdown and paper.SOURCE in markdown
    assert 'not measured here' in markdown and '82.19 (−0.20)' in markdown
    rows = pd.read_csv(paths[1])
    assert (rows['source'] == 'ours').sum() == 5  # two seeds of two strategies, and stock's steps
    assert set(rows['source'].unique()) == {
        'ours',
        'paper, Table III: B5, Cityscapes',
        'paper, Table III: B5, ADE20K',
    }
    assert paths[2].stat().st_size > 10_000


def test_rows_of_a_trained_table(mim, steps, tmp_path):
    """As `benchmarks/results` holds them: means with spreads, changes, and training steps."""
    reports = []
    train(tmp_path, reports, command='python tools/reproduce.py table3')
    rows = read_csv(reports[-1].write(tmp_path / 'out')[-1])
    assert set(rows['experiment']) == {'table3'} and set(rows['source']) == {'measured'}
    assert set(rows['command']) == {'python tools/reproduce.py table3'} and rows['key'].all()
    quality = rows[rows['mode'] == 'inference'].set_index(['strategy', 'metric'])
    assert quality.loc[('hq', 'mIoU'), ['value', 'low', 'high', 'samples']].tolist() == [
        59,
        59,
        59,
        2,
    ]
    assert quality.loc[('hq', 'mIoU change'), ['value', 'unit']].tolist() == [-1, 'points']
    assert ('none', 'mIoU change') not in quality.index
    assert quality.loc[('hq', 'IoU/pole'), 'value'] == 20
    row = quality.loc[('hq', 'mIoU')]
    assert (row['height'], row['width'], row['implementation']) == (64, 128, 'ours')
    assert row['device'] == '1× NVIDIA Test' and row['note'] == '100 iterations, batch 2 per device'
    trained = rows[rows['mode'] == 'training'].set_index(['implementation', 'strategy', 'metric'])
    assert trained.loc[('stock', 'none', 'steps_per_second'), 'value'] == 1
    assert trained.loc[('ours', 'hq', 'saved_bytes'), 'value'] == 3 * 2**20
    assert trained.loc[('ours', 'hq', 'speed-up over stock none'), 'value'] == 3
    assert trained.loc[('ours', 'hq', 'speed-up over ours none'), 'value'] == 1.5
    assert 'peak_bytes' not in set(rows['metric'])
    assert len(find(tmp_path / 'out')) == len(rows)  # the command that collects takes them


def test_a_class_that_is_absent_has_no_value(mim, tmp_path, monkeypatch):
    absent = {'mIoU': 60.0, 'mIoU_small': float('nan'), 'IoU/pole': float('nan')}
    monkeypatch.setattr(FakeMim, 'run', _reporting(FakeMim.run, absent))
    FakeMim(monkeypatch)
    reports = []
    train(tmp_path, reports, repeats=0)
    rows = read_csv(reports[-1].write(tmp_path / 'out')[-1]).set_index(['strategy', 'metric'])
    for metric in ('mIoU_small', 'mIoU_small change', 'IoU/pole'):
        assert pd.isna(rows.loc[('hq', metric), 'value']), metric
    assert rows.loc[('hq', 'mIoU change'), 'value'] == 0


def test_the_second_time_nothing_is_computed(mim, steps, tmp_path):
    train(tmp_path, [])
    reports = []
    said = train(tmp_path, reports)
    assert len(mim.commands) == 8 and len(steps) == 1
    assert len(said) == 9 and all('kept' in line for line in said)
    assert reports[-1].missing == []


def test_more_seeds_compute_only_these(mim, steps, tmp_path):
    train(tmp_path, [], seeds=[0])
    train(tmp_path, [], seeds=[0, 2])
    assert len(mim.commands) == 8 and mim.options(4)['randomness.seed'] == '2'


def test_an_interrupted_table_goes_on(mim, steps, tmp_path):
    mim.interrupt_at = 3
    reports = []
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, reports, seeds=[0])
    assert len(reports) == 1
    mim.interrupt_at = None
    said = train(tmp_path, reports, seeds=[0])
    assert len(mim.commands) == 5 and '--resume' in mim.commands[3]
    assert [line.split(': ')[1] for line in said] == [
        'kept, computed before',
        'kept, computed before',
        'begun before, goes on',
        'done',
        'done',
        'done',
    ]


def test_quality_alone(mim, steps, tmp_path):
    reports = []
    train(tmp_path, reports, repeats=0)
    assert not steps and 'steps/s' not in reports[-1].tables[0][1]
    paths = reports[-1].write(tmp_path / 'out')
    assert {p.suffix for p in paths} == {'.md', '.csv'}  # no plot without speeds


def test_changed_options_train_and_test_again(mim, steps, tmp_path):
    train(tmp_path, [], seeds=[0])
    said = train(tmp_path, [], seeds=[0], options=['train_cfg.max_iters=200'])
    assert [c[0] for c in mim.commands] == ['train', 'test'] * 4 and len(steps) == 2
    assert sum('computed again' in line for line in said) == 5


def test_pose_is_in_percent_and_compared_with_table_iv(mim, tmp_path, monkeypatch):
    monkeypatch.setattr(
        FakeMim, 'run', _reporting(FakeMim.run, {'PCK@0.1': 0.95, 'PCK@0.05': 0.5, 'AP': 0.1})
    )
    mim = FakeMim(monkeypatch)
    runs, _ = make_runs(tmp_path, write_config(tmp_path), repeats=0)
    reports = []
    make_training_table(TABLE_4, runs, {'none': 'none'}, [0], reports.append)
    table = reports[-1].tables[0][1]
    assert table.loc[0, 'PCK@0.1'] == '95.00' and 'AP' not in table
    assert 'PCK@0.1, paper B5, JBD' in reports[-1].beside[0]
    assert mim.commands


def _reporting(run, metrics):
    def patched(self, arguments, log, progress, description, epochs=1, pass_fds=()):
        run(self, arguments, log, progress, description, epochs, pass_fds)
        for result in log.parent.glob('work_dir/*/*.json'):
            result.write_text(json.dumps(metrics))

    return patched


def test_the_papers_speed_up_in_training_is_from_its_steps():
    rows = with_speed_up(paper.TABLE_3['B5, Cityscapes'])
    assert rows['hq'][paper.SPEED_UP] == pytest.approx(1.12 / 0.80)


@pytest.fixture
def times(monkeypatch):
    """Inference that is 'timed' at once."""
    made = []

    class Timed:
        def __init__(self, cfg, checkpoint, device):
            made.append(Path(checkpoint).name)

        def seconds_per_image(self, strategies, repeats, on_step, batch_size):
            return {'stock': 0.4, 'none': 0.2, 'hq': 0.1}

    monkeypatch.setattr(inference_speed, 'Comparison', Timed)
    return made


def infer(folder, reports, names, batch=1):
    runs, said = make_runs(folder, write_config(folder), repeats=3)
    paths = [folder / name for name in names]
    for path in paths:
        if not path.exists():
            path.write_bytes(path.name.encode())
    make_inference_table(runs, STRATEGIES, paths, batch, reports.append)
    return said


def test_checkpoints_with_every_strategy(mim, times, tmp_path):
    reports = []
    infer(tmp_path, reports, ['a.pth', 'b.pth'])
    assert [c[0] for c in mim.commands] == ['test'] * 4 and times == ['a.pth']
    table = reports[-1].tables[0][1].set_index('strategy')
    assert list(table.index) == ['stock', 'none', 'hq']
    assert table.loc['stock', 'mIoU'] == table.loc['none', 'mIoU'] == '60.00 ± 0.00'
    assert table.loc['hq', ['ms', 'FPS', 'over stock', 'over none']].tolist() == [
        '100.0',
        '10.00',
        '4.00',
        '2.00',
    ]
    assert table.loc['hq', 'IoU/pole'] == '20.00 ± 0.00'
    quality, beside = (table.set_index('strategy') for table in reports[-1].beside)
    assert paper.PRUNING in quality.index and paper.PRUNING not in beside.index
    assert beside.loc['hq', 'speed-up over none, ours'] == '2.00'
    assert beside.loc['hq', 'speed-up over none, paper B5, Cityscapes'] == '1.61'
    paths = reports[-1].write(tmp_path / 'out')
    assert len(paths) == 4
    rows = read_csv(paths[-1]).set_index(['implementation', 'strategy', 'metric'])
    assert rows.loc[('ours', 'hq', 'seconds_per_image'), 'value'] == 0.1
    assert rows.loc[('stock', 'none', 'seconds_per_image'), 'value'] == 0.4
    assert rows.loc[('ours', 'hq', 'mIoU'), 'samples'] == 2


def test_a_changed_checkpoint_or_batch_is_measured_again(mim, times, tmp_path):
    infer(tmp_path, [], ['a.pth'])
    infer(tmp_path, [], ['a.pth'])
    assert len(mim.commands) == 2 and len(times) == 1
    infer(tmp_path, [], ['a.pth'], batch=2)
    assert len(mim.commands) == 2 and len(times) == 2
    (tmp_path / 'a.pth').write_bytes(b'other')
    said = infer(tmp_path, [], ['a.pth'], batch=2)
    assert len(mim.commands) == 4 and len(times) == 3
    assert sum('checkpoint: ' in line for line in said) == 3


def test_checkpoints_are_told_apart_by_their_paths(tmp_path):
    paths = [tmp_path / f'seed{n}' / 'iter_9.pth' for n in (0, 1)]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    assert list(name_checkpoints(paths)) == ['seed0-iter_9', 'seed1-iter_9']
    assert list(name_checkpoints(paths[:1])) == ['iter_9']
    with pytest.raises(ValueError, match='given twice'):
        name_checkpoints([paths[0], paths[0]])
    with pytest.raises(FileNotFoundError, match='no such file'):
        name_checkpoints([tmp_path / 'absent.pth'])
