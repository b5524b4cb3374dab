import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import matmul
from benchmarks.docs.results import read
from benchmarks.docs.tables import TABLES

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'benchmark_matmul.py'


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(matmul, 'LINEAR', {'a': (40, 8, 12)})
    monkeypatch.setattr(matmul, 'ATTENTION', {'b': (30, 20, 2, 8)})


def test_rows(small):
    steps = []
    rows = matmul.measure(3, lambda: steps.append(1))
    assert len(steps) == matmul.num_steps(3) == 2 * 2 * 2 * 5
    assert [(r['what'], r['shape'], r['direction']) for r in rows] == [
        (what, shape, direction)
        for what, shape in (('linear', 'a'), ('attention', 'b'))
        for direction in ('forward', 'backward')
    ]
    for row in rows:
        assert row['difference'] < 1e-5
        ratio = row['ours_gflops'] / row['torch_gflops']
        assert row['speed_up'] == pytest.approx(ratio)


def test_a_wrong_result_shows(small, monkeypatch):
    monkeypatch.setattr(matmul, 'linear', lambda x, w, b: x @ w.t() + 2 * b)
    assert matmul.measure(1)[0]['difference'] > 0.01


def test_operations_are_counted(small, monkeypatch):
    monkeypatch.setattr(matmul, 'medians', lambda times: dict.fromkeys(times, 1e-9))
    rates = [row['ours_gflops'] for row in matmul.measure(1)]
    linear, attention = 2 * 40 * 8 * 12, 2 * 4 * 30 * 20 * 8
    assert rates == pytest.approx([linear, 2 * linear, attention, 2.5 * attention])


def test_command_refuses(tmp_path):
    for arguments, message in (
        (['--repeats', '0'], '--repeats 0: give 1 or more'),
        (['--out', str(tmp_path)], 'is there already'),
    ):
        done = subprocess.run(
            [sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert message in done.stderr


def test_command_writes(small, tmp_path, monkeypatch, capsys):
    import runpy

    monkeypatch.setattr(sys, 'argv', [str(TOOL), '--repeats', '1', '--out', str(tmp_path / 'new')])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOL), run_name='__main__')
    assert not stop.value.code
    rows = read(tmp_path / 'new' / 'matmul.csv')
    assert len(rows) == 4 * 4 and all(' torch ' in f' {row["versions"]}' for row in rows)
    lines = replace(TABLES['matmul'], where={}).render(rows).splitlines()
    assert [line.split(' | ')[:2] for line in lines[2:6]] == [
        [f'| {what}', direction]
        for what in ('linear: a', 'attention: b')
        for direction in ('forward', 'backward')
    ]
    assert 'speed_up' in capsys.readouterr().out
