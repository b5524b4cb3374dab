"""What is measured, that nothing wrong is timed, and that runs go on where they stopped."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

pytest.importorskip('mmseg')
from mmseg_tome.analysis import benchmark, benchmark_report
from mmseg_tome.analysis.memory import saved_bytes
from mmseg_tome.analysis.parity import HeldMatches, ParityError, check_parity
from mmseg_tome.analysis.segmentors import FUSED, STOCK, Column, build_segmentor, columns

from ..reference import relative_difference

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


def test_a_model_that_computes_something_else_is_not_timed(monkeypatch):
    build = benchmark.build_segmentor

    def broken(variant, column, backbone_only):
        model = build(variant, column, backbone_only)
        if column == OURS:
            model.head.conv_seg.weight.data *= 1.01
        return model

    monkeypatch.setattr(benchmark, 'build_segmentor', broken)
    with pytest.raises(ParityError, match='ours none: its output differs'):
        benchmark.measure(benchmark.Cell('b0', 128, 128), [STOCK, OURS], repeats=1)


@pytest.mark.parametrize('difference', [float('nan'), 1.0])
def test_parity(difference):
    assert check_parity(HQ, 1e-6) == 1e-6
    with pytest.raises(ParityError):
        check_parity(HQ, difference)


def test_held_matches_are_used_in_their_order():
    model = build_segmentor('b0', HQ)
    image = torch.randn(1, 3, 128, 128)
    held = HeldMatches()
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
    monkeypatch.setattr(benchmark, '_runner', lambda cell, model, images: len(images))
    monkeypatch.setattr(
        benchmark, 'interleaved_times', lambda runs, repeats: {'run': times[runs['run']]}
    )
    cell = benchmark.Cell('b0', 32, 32, batch='auto')
    assert benchmark._best_batch(cell, None, torch.zeros(1, 3, 32, 32)) == 4


def test_saved_bytes_counts_every_storage_once():
    linear = torch.nn.Linear(8, 8, bias=False)
    x = torch.zeros(4, 8, requires_grad=True)
    assert saved_bytes(lambda: linear(x).exp(), linear) == 2 * 4 * 8 * 4
    assert saved_bytes(lambda: (x * x) + x * 1, linear) == 4 * 8 * 4


def test_report(rows, tmp_path):
    benchmark_report.append(tmp_path, rows[:5])
    benchmark_report.append(tmp_path, rows[5:])
    frame = benchmark_report.load(tmp_path)
    done = benchmark.Cell('b0', 128, 128)
    assert benchmark_report.is_done(frame, done, repeats=2)
    for other in (
        benchmark.Cell('b0', 128, 192),
        benchmark.Cell('b0', 128, 128, dtype='bf16'),
        benchmark.Cell('b0', 128, 128, batch=2),
        benchmark.Cell('b0', 128, 128, train=True),
    ):
        assert not benchmark_report.is_done(frame, other, repeats=2)
    assert not benchmark_report.is_done(frame, done, repeats=3)

    frame = benchmark_report.with_speed_ups(frame)
    first = frame[frame['height'] == 128].set_index(['make', 'strategy'])
    seconds = first['seconds_per_image']
    gain = seconds['stock', 'none'] / seconds['ours', 'hq']
    assert first.loc[('ours', 'hq'), 'over_stock'] == pytest.approx(gain)
    gain = seconds['stock', 'hq'] / seconds['ours', 'hq']
    assert first.loc[('ours', 'hq'), 'over_published'] == pytest.approx(gain)
    assert benchmark_report.table_v(frame).columns.tolist() == ['model', '128x128', '128x160']
    text = benchmark_report.write(tmp_path).read_text()
    assert '| ours hq' in text and 'torch' in text
    assert (tmp_path / 'speedup.png').stat().st_size > 10_000


def test_what_is_measured_again_replaces_the_old(rows, tmp_path):
    benchmark_report.append(tmp_path, rows)
    again = [{**row, 'seconds_per_image': 1.0} for row in rows]
    benchmark_report.append(tmp_path, again)
    frame = benchmark_report.with_speed_ups(benchmark_report.load(tmp_path))
    assert len(frame) == len(rows) and (frame['over_stock'] == 1).all()
    assert isinstance(frame, pd.DataFrame)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--sizes', '64x64'], 'at least 128x128'),
        (['--batch', '0'], 'positive number, or auto'),
        (['--columns', 'our hq'], "unknown ['our hq']"),
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
