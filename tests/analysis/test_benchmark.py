"""What is measured, that nothing wrong is timed, and that runs go on where they stopped."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

pytest.importorskip('mmseg')
from mmseg_tome.analysis import batch_size, benchmark, benchmark_report, predictor
from mmseg_tome.analysis.implementations import (
    Compiled,
    Fused,
    Graphed,
    Implementation,
    Ours,
    Published,
    Stock,
    base,
    compared_by_default,
    implementation,
    selectable,
)
from mmseg_tome.analysis.memory import saved_bytes
from mmseg_tome.analysis.parity import FrozenMatches, ParityError, check_parity
from mmseg_tome.analysis.provenance import provenance
from mmseg_tome.analysis.workload import Workload, torch_settings
from tests.baselines.stock import relative_difference

OURS, HQ, STOCK, FUSED = Ours(), Ours('hq'), Stock(), Fused()
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own


@pytest.fixture(scope='module')
def rows():
    steps = []
    chosen = [STOCK, FUSED, Published('hq'), OURS, HQ]
    measured = [
        row.at(provenance('cpu'))
        for size in (128, 160)
        for row in benchmark.measure(
            Workload('b0', size, 128), chosen, repeats=2, on_step=steps.append
        )
    ]
    assert len(steps) == 2 * benchmark.num_steps(chosen, 2)
    return measured


def seconds_of(rows):
    return [row for row in rows if row.metric == benchmark.SECONDS]


def test_stock_fused_published_and_ours_are_compared():
    names = [str(one) for one in compared_by_default()]
    assert names[:3] == ['stock none', 'fused none', 'published hq']
    assert {'ours none', 'ours hq', 'ours fast', 'ours n2d_2x2', 'ours downsample'} < set(names)
    assert not any('graphed' in name for name in names)
    assert Graphed('hq') in compared_by_default(graphs=True)
    assert Compiled('hq') in selectable()


@pytest.mark.parametrize('other', [Published, Fused])
@pytest.mark.parametrize('strategy', ['none', 'hq', 'fast', 'n2d_2x2', 'downsample'])
def test_all_implementations_compute_the_same(other, strategy):
    image = torch.randn(1, 3, 160, 192, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = other(strategy).build('b0')(image)
        assert relative_difference(Ours(strategy).build('b0')(image), expected) < 1e-4
        if strategy == 'none':
            assert relative_difference(Stock().build('b0')(image), expected) < 1e-4


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            'our hq',
            "there is no implementation 'our'; allowed: stock, plain, published, fused, ours",
        ),
        ('ours hp', "there is no strategy 'hp'; allowed: none, hq"),
        ('stock hq', "stock merges nothing; the published merging is 'published hq'"),
    ],
)
def test_implementations_that_are_not_there(text, message):
    with pytest.raises(ValueError, match=message):
        implementation(text)
    assert implementation('ours hq') == HQ and implementation('stock') == STOCK != OURS


def test_what_is_not_installed_is_said_in_one_sentence(monkeypatch):
    find_spec = base.find_spec
    monkeypatch.setattr(
        base, 'find_spec', lambda name: None if name == 'tomesd' else find_spec(name)
    )
    reason = 'published hq needs tomesd, which is not installed; fix it with: pip install tomesd'
    assert Published('hq').unavailable_reason() == reason
    assert Published('n2d_2x2').unavailable_reason() is None
    published, ours, unmerged = benchmark.measure(
        Workload('b0', 128, 128), [Published('hq'), HQ, STOCK], repeats=1
    )
    assert published.note == reason and math.isnan(published.value)
    assert ours.note == f'ours hq cannot be compared with its reference: {reason}'
    assert unmerged.value > 0 and not unmerged.note


def test_rows_hold_times_and_differences(rows):
    for row in seconds_of(rows):
        assert 0 < row.low <= row.value <= row.high and row.samples == 2
    differences = [row for row in rows if row.metric == 'relative_difference']
    compared = [row.implementation for row in differences]
    assert compared == ['ours'] * 4 and len(seconds_of(rows)) == 10
    assert all(row.value < 1e-4 for row in differences)


def spoiled(monkeypatch, spoiled_one: Implementation, spoil):
    """Build all models as usual, but do something to one of them."""
    build = type(spoiled_one).build

    def build_one(self, variant, scope='model'):
        model = build(self, variant, scope)
        if self == spoiled_one:
            spoil(model)
        return model

    monkeypatch.setattr(type(spoiled_one), 'build', build_one)


def test_a_model_that_computes_something_else_is_not_timed(monkeypatch):
    spoiled(monkeypatch, OURS, lambda model: model.head.conv_seg.weight.data.mul_(1.01))
    stock, ours = benchmark.measure(Workload('b0', 128, 128), [STOCK, OURS], repeats=1)
    assert 'ours none: its output differs' in ours.note
    assert math.isnan(ours.value) and ours.metric == benchmark.SECONDS
    assert stock.value > 0 and not stock.note


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
    stock, fused = benchmark.measure(Workload('b0', 128, 128), [STOCK, FUSED], repeats=2)
    assert stock.note == note and math.isnan(stock.value)
    assert stock.metric == fused.metric and fused.value > 0
    assert ('Traceback' in capsys.readouterr().err) == (note != benchmark.OUT_OF_MEMORY)


def test_fp32_is_exact_and_settings_come_back():
    def settings():
        cudnn = torch.backends.cudnn
        return torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.benchmark

    before = settings()
    with torch_settings('fp32'):
        assert settings() == ('highest', False, True)
        with pytest.raises(KeyError), torch_settings('tf32'):
            assert settings() == ('high', True, True)
            raise KeyError
        assert settings() == ('highest', False, True)
    assert settings() == before


def test_settings_of_a_workload_hold_while_it_is_timed(monkeypatch):
    seen, time = [], benchmark.interleaved_times
    monkeypatch.setattr(
        benchmark,
        'interleaved_times',
        lambda *a, **k: (seen.append(torch.backends.cudnn.allow_tf32), time(*a, **k))[1],
    )
    for dtype in ('fp32', 'tf32'):
        benchmark.measure(Workload('b0', 128, 128, dtype=dtype), [FUSED], repeats=1)
    assert seen == [False, True]


@pytest.mark.parametrize('difference', [float('nan'), 1.0])
def test_parity(difference):
    assert check_parity(HQ, 1e-6) == 1e-6
    with pytest.raises(ParityError):
        check_parity(HQ, difference)


def test_frozen_matches_are_used_in_their_order():
    model = HQ.build('b0')
    image = torch.randn(1, 3, 128, 128)
    frozen = FrozenMatches()
    with torch.no_grad(), frozen.recorded():
        expected = model(image)
    assert len(frozen.plans) == 8
    other = torch.randn(1, 3, 128, 128)
    with torch.no_grad(), frozen.used():
        assert torch.equal(model(image), expected)
    with torch.no_grad(), frozen.used():
        with_other_matches = model(other)
    with torch.no_grad():
        assert not torch.equal(model(other), with_other_matches)


def test_low_precision_and_training(capsys):
    workload = Workload('b0', 128, 128, dtype='bf16')
    row, difference = benchmark.measure(workload, [HQ], repeats=1)
    assert row.dtype == difference.dtype == 'bf16' and row.value > 0
    workload = Workload('b0', 128, 128, mode='training', scope='backbone')
    rows = benchmark.measure(workload, [STOCK, OURS], repeats=1)
    saved = {row.implementation: row.value for row in rows if row.metric == 'saved_bytes'}
    assert 0 < saved['ours'] < 0.7 * saved['stock']
    (difference,) = (row for row in rows if row.metric == 'relative_difference')
    assert difference.value < 1e-4  # of the gradients


def test_batch_is_doubled_while_it_pays(monkeypatch):
    times = {1: [3.0], 2: [4.0], 4: [4.0], 8: [9.0]}
    monkeypatch.setattr(batch_size, 'make_run', lambda workload, one, model, images: len(images))
    monkeypatch.setattr(
        batch_size, 'interleaved_times', lambda runs, repeats: {'run': times[runs['run']]}
    )
    workload = Workload('b0', 32, 32, batch='auto')
    assert batch_size.best_batch(workload, STOCK, None, torch.zeros(1, 3, 32, 32)) == 4


def test_batch_is_the_largest_that_fits(monkeypatch):
    def make_run(workload, one, model, images):
        if len(images) > 2:
            raise torch.OutOfMemoryError
        return len(images)

    monkeypatch.setattr(batch_size, 'make_run', make_run)
    monkeypatch.setattr(batch_size, 'interleaved_times', lambda runs, repeats: {'run': [1.0]})
    workload = Workload('b0', 32, 32, batch='auto')
    assert batch_size.best_batch(workload, STOCK, None, torch.zeros(1, 3, 32, 32)) == 2


def test_saved_bytes_counts_every_storage_once():
    linear = torch.nn.Linear(8, 8, bias=False)
    x = torch.zeros(4, 8, requires_grad=True)
    assert saved_bytes(lambda: linear(x).exp(), linear) == 2 * 4 * 8 * 4
    assert saved_bytes(lambda: (x * x) + x * 1, linear) == 4 * 8 * 4


def report_frame(rows):
    return benchmark_report.with_speed_ups(benchmark_report.one_row_per_model(rows))


def test_report(rows, tmp_path):
    frame = report_frame(rows)
    first = frame[frame['height'] == 128].set_index(['implementation', 'strategy'])
    seconds = first['seconds_per_image']
    gain = seconds['stock', 'none'] / seconds['ours', 'hq']
    assert first.loc[('ours', 'hq'), 'over_stock'] == pytest.approx(gain)
    summary = benchmark_report.summary(frame)
    assert summary['hq / stock'][0] == pytest.approx(gain, abs=0.01)
    gain = seconds['published', 'hq'] / seconds['ours', 'hq']
    assert first.loc[('ours', 'hq'), 'over_published'] == pytest.approx(gain)
    assert summary['hq / published'][0] == pytest.approx(gain, abs=0.01)
    assert summary['size'].tolist() == ['128x128', '128x160'] and 'not measured' not in summary
    assert benchmark_report.table_v(frame).columns.tolist() == ['model', '128x128', '128x160']
    text = benchmark_report.write(rows, tmp_path).read_text()
    assert '| ours hq' in text and 'torch' in text
    assert (tmp_path / 'speedup.png').stat().st_size > 10_000


def test_report_of_a_size_where_stock_does_not_fit(rows, tmp_path):
    fit = [row for row in rows if row.height == 128 or row.implementation != 'stock']
    failed = benchmark.failed(Workload('b0', 160, 128), [STOCK], benchmark.OUT_OF_MEMORY)
    rows = [*fit, *(row.at(provenance('cpu')) for row in failed)]
    text = benchmark_report.write(rows, tmp_path).read_text()
    assert 'stock none: out of memory' in text and text.count('| ours hq') == 3
    table = benchmark_report.table_v(report_frame(rows)).set_index('model')
    assert table['128x160'].isna().all() and table['128x128'].notna().all()


def test_batches_are_not_mixed(rows):
    first = [row for row in seconds_of(rows) if row.height == 128]
    auto = [replace(row, batch='auto', value=1.0) for row in first]
    chosen = [replace(row, batch='auto', metric='batch', value=4.0) for row in first]
    frame = report_frame([*first, *auto, *chosen])
    assert len(frame) == 10
    assert frame['images'].tolist() == [1] * 5 + [4] * 5
    summary = benchmark_report.summary(frame)
    assert summary['batch'].tolist() == ['1', 'auto'] and summary['hq / stock'][1] == 1


def test_what_is_measured_again_replaces_the_old(rows):
    again = [replace(row, value=1.0) for row in rows]
    frame = report_frame([*rows, *again])
    assert len(frame) == len(seconds_of(rows)) and (frame['over_stock'] == 1).all()
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


def test_predictions_compute_the_same_and_windows_are_used(monkeypatch):
    """Of stock and ours: two windows of a wide image, unlike the image as a whole."""
    monkeypatch.setattr(predictor, 'CROP', (128, 160))
    monkeypatch.setattr(predictor, 'STRIDE', (128, 128))
    slide, whole = (Workload('b0', 128, 288, scope=scope) for scope in ('slide', 'whole'))
    image = torch.randn(1, 3, 128, 288, generator=torch.Generator().manual_seed(0))
    scores = {}
    for workload in (slide, whole):
        for one in (STOCK, OURS):
            model = one.build('b0', workload.scope)
            with torch.inference_mode():
                (scores[one, workload.scope],) = model(image)
    assert scores[STOCK, 'slide'].shape == (19, 128, 288)
    for scope in ('slide', 'whole'):
        assert relative_difference(scores[OURS, scope], scores[STOCK, scope]) <= 1e-5
    assert relative_difference(scores[OURS, 'slide'], scores[OURS, 'whole']) > 1e-3
    found = benchmark.measure(slide, [STOCK, Published('hq'), OURS, HQ], repeats=1)
    assert not any(row.note for row in found)
    assert {row.scope for row in found} == {'slide'}


def test_predictions_are_not_trained():
    with pytest.raises(ValueError, match="scope is 'slide', which is for mode = 'inference' alone"):
        Workload('b0', 64, 64, mode='training', scope='slide')
