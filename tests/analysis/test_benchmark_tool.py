"""How the command goes through its workloads, with a stand-in for measuring."""

import time

import pytest

pytest.importorskip('mmseg')
from mmseg_tome import cli
from mmseg_tome.analysis import benchmark, benchmark_report, fingerprint, provenance
from mmseg_tome.analysis.results import read_csv

SIZES = ['128x128', '160x128', '192x128']


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run it, with what happens per width of an image; gives its exit code, or its errors."""
    monkeypatch.setattr(benchmark_report, 'draw', lambda frame, path: None)
    monkeypatch.setattr(provenance, 'commit', lambda: 'abc')

    def run(events: dict, *arguments: str) -> tuple[object, list[int]]:
        measured = []

        def measure(workload, implementations, repeats, on_step):
            measured.append(workload.width)
            event = events.get(workload.width, '')
            note = (event() or '') if callable(event) else event
            chosen = 4 if workload.batch == 'auto' else workload.batch
            ready = benchmark._Ready(None, chosen, None, None)
            if note:
                return benchmark.failed(workload, implementations, note)
            return [
                row
                for one in implementations
                for row in benchmark.results_of(workload, one, ready, [1.0], None)
            ]

        monkeypatch.setattr(benchmark, 'measure', measure)
        try:
            code = cli.main(['benchmark', '--out', str(tmp_path), '--sizes', *SIZES, *arguments])
        except SystemExit as end:  # of argparse
            code = end.code
        return (capsys.readouterr().err if code in (1, 2) else code), measured

    return run


def test_measured_workloads_are_not_measured_again(run):
    assert run({}) == (0, [128, 160, 192])
    assert run({}) == (0, [])
    assert run({}, '--columns', 'ours hq') == (0, [])


def test_models_that_were_not_measured_are_and_the_others_stay(run, tmp_path):
    assert run({}, '--columns', 'stock none', 'ours hq') == (0, [128, 160, 192])
    assert run({}, '--columns', 'ours hq', 'ours fast') == (0, [128, 160, 192])
    frame = read_csv(tmp_path / 'benchmark.csv')
    models = set(frame['implementation'] + ' ' + frame['strategy'])
    assert models == {'stock none', 'ours hq', 'ours fast'} and len(frame) == 9
    assert run({}, '--columns', 'stock none', 'ours fast') == (0, [])
    # What was replaced is still there.
    assert len(list((tmp_path / 'results').glob('*.replaced-*'))) == 3


def test_other_workloads_settings_and_code_are_measured(run, monkeypatch):
    chosen = ['--columns', 'ours hq']
    assert run({}, *chosen)[1] == [128, 160, 192]
    for other in (
        ['--dtypes', 'bf16'],
        ['--batch', '2'],
        ['--batch', 'auto'],
        ['--train'],
        ['--backbone-only'],
        ['--predict', 'slide'],
        ['--repeats', '3'],
    ):
        assert run({}, *chosen, *other)[1] == [128, 160, 192], other
        assert run({}, *chosen, *other)[1] == []
    monkeypatch.setattr(fingerprint, 'closure', lambda modules, root: {'a.py': '0'})
    assert run({}, *chosen)[1] == [128, 160, 192]


def test_predictions_are_rows_of_their_own(run, tmp_path):
    chosen = ['--columns', 'stock none', 'ours none', '--predict', 'whole', 'slide']
    assert run({}, *chosen) == (0, [128, 128, 160, 160, 192, 192])
    frame = read_csv(tmp_path / 'benchmark.csv')
    assert frame.groupby('scope').size().to_dict() == {'slide': 6, 'whole': 6}
    report = (tmp_path / 'benchmark.md').read_text()
    assert '## B0, fp32, prediction by sliding windows, batch 1' in report
    assert '## B0, fp32, prediction of the whole image, batch 1' in report
    for other in (['--train'], ['--backbone-only'], ['--base', 'main']):
        code, measured = run({}, *chosen, *other)
        assert not measured and '--predict: leave out --train' in code


def test_rows_say_where_they_are_from(run, tmp_path):
    run({}, '--columns', 'ours hq')
    frame = read_csv(tmp_path / 'benchmark.csv')
    assert (frame['commit'] == 'abc').all() and frame['key'].str.fullmatch('[0-9a-f]{16}').all()
    assert frame['key'].nunique() == 3 and frame['versions'].str.contains('torch').all()
    assert frame['command'].str.startswith('python -m mmseg_tome benchmark --out').all()
    assert (frame['value'] == 1).all() and (frame['samples'] == 1).all()


def test_out_of_memory_is_a_result(run, tmp_path):
    assert run({160: benchmark.OUT_OF_MEMORY}) == (0, [128, 160, 192])
    assert run({}) == (0, [])
    assert 'out of memory' in (tmp_path / 'benchmark.md').read_text()


def test_other_failures_end_in_an_error_after_the_rest(run):
    code, measured = run({128: 'its output differs'})
    assert measured == [128, 160, 192] and 'its output differs' in code
    code, measured = run({})
    assert not measured and 'its output differs' in code


def fail():
    raise RuntimeError('CUDA error: an illegal memory access')


def test_what_breaks_the_process_ends_it_and_is_not_tried_again(run, tmp_path):
    code, measured = run({160: fail})
    assert (code, measured) == (3, [128, 160])
    code, measured = run({160: fail})
    assert measured == [192] and 'illegal memory access' in code
    frame = read_csv(tmp_path / 'benchmark.csv')
    assert (frame['note'] != '').sum() == len(frame) / 3


def test_a_workload_that_takes_too_long_is_given_up(run):
    code, measured = run({128: lambda: time.sleep(5)}, '--cell-minutes', '0.001')
    assert measured == [128, 160, 192] and 'TimeLimitExceeded: took longer than 0.06 s' in code


def test_no_workload_is_started_when_time_is_up(run, capsys):
    code, measured = run({128: lambda: time.sleep(0.1)}, '--minutes', '0.001')
    assert (code, measured) == (3, [128])
    assert '2 of 3 workloads are left' in capsys.readouterr().err
    assert run({}) == (0, [160, 192])


def test_nothing_is_reported_before_anything_is_measured(run, tmp_path):
    assert run({}, '--minutes', '0')[0] == 3
    assert not (tmp_path / 'benchmark.md').exists()


@pytest.mark.parametrize(
    'column, message',
    [
        ('our hq', "unknown ['our hq']"),
        ('graphed hq', "'graphed', 'replayed' and 'compiled' need --device cuda"),
    ],
)
def test_columns_that_cannot_be_measured(run, column, message):
    code, measured = run({}, '--columns', column)
    assert message in code and not measured
