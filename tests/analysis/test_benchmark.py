"""What is measured, that nothing wrong is timed, and that runs go on where they stopped."""

import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

pytest.importorskip('mmseg')
from mmseg_tome.analysis import (
    benchmark,
    benchmark_report,
    benchmark_results,
)
from mmseg_tome.analysis import (
    workload as model_runs,
)
from mmseg_tome.analysis.implementations import (
    FUSED,
    STOCK,
    Column,
    all_columns,
    build_segmentor,
    columns,
)
from mmseg_tome.analysis.memory import saved_bytes
from mmseg_tome.analysis.parity import FrozenMatches, ParityError, check_parity
from tests.baselines.stock import relative_difference

OURS, HQ = Column('ours', 'none'), Column('ours', 'hq')
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own


@pytest.fixture(scope='module')
def rows():
    steps = []
    chosen = [STOCK, FUSED, Column('stock', 'hq'), OURS, HQ]
    measured = [
        row
        for size in (128, 160)
        for row in benchmark.measure(
            benchmark.Cell('b0', size, 128), chosen, repeats=2, on_step=steps.append
        )
    ]
    assert len(steps) == 2 * benchmark.num_steps(chosen, 2)
    return measured


def test_columns_hold_stock_fused_published_and_ours():
    names = [str(column) for column in columns()]
    assert names[:3] == ['stock none', 'fused none', 'stock hq']
    assert {'ours none', 'ours hq', 'ours fast', 'ours n2d_2x2', 'ours downsample'} < set(names)
    assert not any('graphed' in name for name in names)
    assert Column('graphed', 'hq') in columns(graphs=True)
    assert Column('compiled', 'hq') in all_columns()


@pytest.mark.parametrize('make', ['stock', 'fused'])
@pytest.mark.parametrize('strategy', ['none', 'hq', 'fast', 'n2d_2x2', 'downsample'])
def test_all_makes_compute_the_same(make, strategy):
    image = torch.randn(1, 3, 160, 192, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = build_segmentor('b0', Column(make, strategy))(image)
        assert (
            relative_difference(build_segmentor('b0', Column('ours', strategy))(image), expected)
            < 1e-4
        )


def test_rows_hold_times_and_differences(rows):
    for row in rows:
        assert 0 < row['lower_quartile'] <= row['seconds_per_image'] <= row['upper_quartile']
        assert (row['difference'] is not None) == (row['make'] == 'ours')
        assert row['difference'] is None or row['difference'] < 1e-4


def spoiled(monkeypatch, column, spoil):
    """Build all models as usual, but do something to one of them."""
    build = model_runs.build_segmentor

    def build_one(variant, wanted, backbone_only):
        model = build(variant, wanted, backbone_only)
        if wanted == column:
            spoil(model)
        return model

    monkeypatch.setattr(model_runs, 'build_segmentor', build_one)


def test_a_model_that_computes_something_else_is_not_timed(monkeypatch):
    spoiled(monkeypatch, OURS, lambda model: model.head.conv_seg.weight.data.mul_(1.01))
    stock, ours = benchmark.measure(benchmark.Cell('b0', 128, 128), [STOCK, OURS], repeats=1)
    assert 'ours none: its output differs' in ours['note']
    assert math.isnan(ours['seconds_per_image']) and ours['difference'] is None
    assert stock['seconds_per_image'] > 0 and not stock['note']


@pytest.mark.parametrize('first_good_calls', [0, 1, 2])
@pytest.mark.parametrize(
    'error, note',
    [
        (torch.OutOfMemoryError('no'), benchmark.OUT_OF_MEMORY),
        (RuntimeError('x\ny'), 'RuntimeError: x'),
    ],
)
def test_a_model_that_fails_does_not_stop_the_others(
    monkeypatch, capsys, first_good_calls, error, note
):
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) > first_good_calls:
            raise error

    # Stock has no reference: it is first called when it is prepared, then warmed up, then timed.
    spoiled(monkeypatch, STOCK, lambda model: model.register_forward_pre_hook(fail))
    stock, fused = benchmark.measure(benchmark.Cell('b0', 128, 128), [STOCK, FUSED], repeats=2)
    assert stock['note'] == note and math.isnan(stock['seconds_per_image'])
    assert list(stock) == list(fused) and fused['seconds_per_image'] > 0
    assert ('Traceback' in capsys.readouterr().err) == (note != benchmark.OUT_OF_MEMORY)


def test_fp32_is_exact_and_settings_come_back():
    def settings():
        cudnn = torch.backends.cudnn
        return torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.benchmark

    before = settings()
    with model_runs.torch_settings('fp32'):
        assert settings() == ('highest', False, True)
        with pytest.raises(KeyError), model_runs.torch_settings('tf32'):
            assert settings() == ('high', True, True)
            raise KeyError
        assert settings() == ('highest', False, True)
    assert settings() == before


def test_settings_of_a_cell_hold_while_it_is_timed(monkeypatch):
    seen, time = [], benchmark.interleaved_times
    monkeypatch.setattr(
        benchmark,
        'interleaved_times',
        lambda *a, **k: (seen.append(torch.backends.cudnn.allow_tf32), time(*a, **k))[1],
    )
    for dtype in ('fp32', 'tf32'):
        benchmark.measure(benchmark.Cell('b0', 128, 128, dtype=dtype), [FUSED], repeats=1)
    assert seen == [False, True]


@pytest.mark.parametrize('difference', [float('nan'), 1.0])
def test_parity(difference):
    assert check_parity(HQ, 1e-6) == 1e-6
    with pytest.raises(ParityError):
        check_parity(HQ, difference)


def test_held_matches_are_used_in_their_order():
    model = build_segmentor('b0', HQ)
    image = torch.randn(1, 3, 128, 128)
    held = FrozenMatches()
    with torch.no_grad(), held.recorded():
        expected = model(image)
    assert len(held.plans) == 8
    other = torch.randn(1, 3, 128, 128)
    with torch.no_grad(), held.used():
        assert torch.equal(model(image), expected)
    with torch.no_grad(), held.used():
        with_other_matches = model(other)
    with torch.no_grad():
        assert not torch.equal(model(other), with_other_matches)


def test_low_precision_and_training(capsys):
    cell = benchmark.Cell('b0', 128, 128, dtype='bf16')
    (row,) = benchmark.measure(cell, [HQ], repeats=1)
    assert row['dtype'] == 'bf16'
    cell = benchmark.Cell('b0', 128, 128, train=True, backbone_only=True)
    stock, ours = benchmark.measure(cell, [STOCK, OURS], repeats=1)
    assert 0 < ours['saved_bytes'] < 0.7 * stock['saved_bytes']
    assert ours['difference'] < 1e-4  # of the gradients


def test_batch_is_doubled_while_it_pays(monkeypatch):
    times = {1: [3.0], 2: [4.0], 4: [4.0], 8: [9.0]}
    monkeypatch.setattr(benchmark, 'make_run', lambda cell, column, model, images: len(images))
    monkeypatch.setattr(
        benchmark, 'interleaved_times', lambda runs, repeats: {'run': times[runs['run']]}
    )
    cell = benchmark.Cell('b0', 32, 32, batch='auto')
    assert benchmark._best_batch(cell, STOCK, None, torch.zeros(1, 3, 32, 32)) == 4


def test_batch_is_the_largest_that_fits(monkeypatch):
    def make_run(cell, column, model, images):
        if len(images) > 2:
            raise torch.OutOfMemoryError
        return len(images)

    monkeypatch.setattr(benchmark, 'make_run', make_run)
    monkeypatch.setattr(benchmark, 'interleaved_times', lambda runs, repeats: {'run': [1.0]})
    cell = benchmark.Cell('b0', 32, 32, batch='auto')
    assert benchmark._best_batch(cell, STOCK, None, torch.zeros(1, 3, 32, 32)) == 2


def test_saved_bytes_counts_every_storage_once():
    linear = torch.nn.Linear(8, 8, bias=False)
    x = torch.zeros(4, 8, requires_grad=True)
    assert saved_bytes(lambda: linear(x).exp(), linear) == 2 * 4 * 8 * 4
    assert saved_bytes(lambda: (x * x) + x * 1, linear) == 4 * 8 * 4


def test_results_are_found_again(rows, tmp_path):
    benchmark_results.append(tmp_path, rows[:5])
    benchmark_results.append(tmp_path, rows[5:])
    frame = benchmark_results.load(tmp_path)
    done, measured = benchmark.Cell('b0', 128, 128), [STOCK, HQ]
    assert benchmark_results.is_done(frame, done, measured, repeats=2)
    for other in (
        benchmark.Cell('b0', 128, 192),
        benchmark.Cell('b0', 128, 128, dtype='bf16'),
        benchmark.Cell('b0', 128, 128, batch=2),
        benchmark.Cell('b0', 128, 128, batch='auto'),
        benchmark.Cell('b0', 128, 128, train=True),
    ):
        assert not benchmark_results.is_done(frame, other, measured, repeats=2)
    assert not benchmark_results.is_done(frame, done, measured, repeats=3)
    assert not benchmark_results.is_done(frame, done, [STOCK, Column('ours', 'fast')], repeats=2)


def test_rows_of_another_version_are_not_mixed_in(rows, tmp_path):
    benchmark_results.append(tmp_path, rows)
    with pytest.raises(ValueError, match='has other columns than rows'):
        benchmark_results.append(tmp_path, [{**rows[0], 'new': 1}])


def test_report(rows, tmp_path):
    benchmark_results.append(tmp_path, rows)
    frame = benchmark_report.with_speed_ups(benchmark_results.load(tmp_path))
    first = frame[frame['height'] == 128].set_index(['make', 'strategy'])
    seconds = first['seconds_per_image']
    gain = seconds['stock', 'none'] / seconds['ours', 'hq']
    assert first.loc[('ours', 'hq'), 'over_stock'] == pytest.approx(gain)
    summary = benchmark_report.summary(frame)
    assert summary['hq / stock'][0] == pytest.approx(gain, abs=0.01)
    gain = seconds['stock', 'hq'] / seconds['ours', 'hq']
    assert first.loc[('ours', 'hq'), 'over_published'] == pytest.approx(gain)
    assert summary['hq / published'][0] == pytest.approx(gain, abs=0.01)
    assert summary['size'].tolist() == ['128x128', '128x160'] and 'not measured' not in summary
    assert benchmark_report.table_v(frame).columns.tolist() == ['model', '128x128', '128x160']
    text = benchmark_report.write(tmp_path).read_text()
    assert '| ours hq' in text and 'torch' in text
    assert (tmp_path / 'speedup.png').stat().st_size > 10_000


def test_report_of_a_size_where_stock_does_not_fit(rows, tmp_path):
    benchmark_results.append(tmp_path, rows[:5])
    cell = benchmark.Cell('b0', 160, 128)
    failed = benchmark.failed_row(cell, STOCK, 2, benchmark.OUT_OF_MEMORY)
    benchmark_results.append(tmp_path, [failed, *rows[6:]])
    assert benchmark_results.is_done(benchmark_results.load(tmp_path), cell, [STOCK, HQ], 2)
    text = benchmark_report.write(tmp_path).read_text()
    assert 'stock none: out of memory' in text and text.count('| ours hq') == 3
    frame = benchmark_report.with_speed_ups(benchmark_results.load(tmp_path))
    table = benchmark_report.table_v(frame).set_index('model')
    assert table['128x160'].isna().all() and table['128x128'].notna().all()


def test_batches_are_not_mixed(rows, tmp_path):
    benchmark_results.append(tmp_path, rows[:5])
    auto = [{**row, 'batch': 4, 'batch_is_auto': True, 'seconds_per_image': 1.0} for row in rows]
    benchmark_results.append(tmp_path, auto[:5])
    frame = benchmark_report.with_speed_ups(benchmark_results.load(tmp_path))
    assert len(frame) == 10
    summary = benchmark_report.summary(frame)
    assert summary['batch'].tolist() == ['1', 'auto'] and summary['hq / stock'][1] == 1


def test_what_is_measured_again_replaces_the_old(rows, tmp_path):
    benchmark_results.append(tmp_path, rows)
    again = [{**row, 'seconds_per_image': 1.0} for row in rows]
    benchmark_results.append(tmp_path, again)
    frame = benchmark_report.with_speed_ups(benchmark_results.load(tmp_path))
    assert len(frame) == len(rows) and (frame['over_stock'] == 1).all()
    assert isinstance(frame, pd.DataFrame)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--sizes', '64x64'], 'at least 128x128'),
        (['--batch', '0'], 'positive number, or auto'),
        (['--models', 'b6'], 'b6'),
        (['--device', 'cuda'], 'no CUDA device'),
    ],
)
def test_bad_arguments(arguments, message):
    if arguments[0] == '--device' and torch.cuda.is_available():
        pytest.skip('there is one')
    tool = Path(__file__).resolve().parents[2] / 'tools' / 'benchmark.py'
    run = subprocess.run([sys.executable, str(tool), *arguments], capture_output=True, text=True)
    assert run.returncode != 0 and message in run.stderr
