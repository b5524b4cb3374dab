import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import peak_memory
from benchmarks.docs.results import read
from mmseg_tome.analysis.implementations import implementation
from mmseg_tome.analysis.workload import Workload

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'benchmark_memory.py'
pytestmark = pytest.mark.skipif(not sys.platform.startswith('linux'), reason='reads /proc')


def test_command(tmp_path):
    """By windows, ours takes its scores, one window and what the model itself needs for it."""
    command = [sys.executable, TOOL, '--sizes', '1280x1024', '--predict', 'slide', '--out', 'rows']
    done = subprocess.run(
        [*command, '--columns', 'ours hq'], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (row,) = read(tmp_path / 'rows' / 'peak-memory.csv')
    scores, window = 19 * 1280 * 1024 * 4, 19 * 1024**2 * 4
    assert scores + window < float(row['value']) < 2 * (scores + window)
    assert (row['scope'], row['metric'], row['strategy']) == ('slide', 'peak_bytes', 'hq')
    assert '1280x1024' in done.stdout and 'peak MiB' in done.stdout


def test_command_refuses():
    done = subprocess.run(
        [sys.executable, TOOL, '--columns', 'our hq'], capture_output=True, text=True
    )
    message = "--columns: 'our hq': there is no implementation 'our'"
    assert done.returncode == 2 and message in done.stderr


def test_what_does_not_fit_is_noted(monkeypatch):
    error = "RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to"
    monkeypatch.setattr(peak_memory, '_CHILD', f'import sys; sys.exit({error!r})')
    workload = Workload('b0', 128, 256, scope='whole')
    (row,) = peak_memory.measure([workload], [implementation('ours hq')])
    assert math.isnan(row.value) and row.note == 'out of memory'


def test_memory_is_limited(monkeypatch):
    # As much as is available; without the limit it would be granted, and is not touched.
    available = "1024 * int(open('/proc/meminfo').read().split('MemAvailable:')[1].split()[0])"
    code = f'from benchmarks import peak_memory as p; p._limit_memory(); bytearray({available})'
    monkeypatch.setattr(peak_memory, '_CHILD', code)
    workload = Workload('b0', 128, 256, scope='whole')
    (row,) = peak_memory.measure([workload], [implementation('ours hq')])
    assert row.note == 'out of memory'


def test_a_process_that_fails_is_said(monkeypatch):
    monkeypatch.setattr(peak_memory, '_CHILD', 'raise ValueError("no memory")')
    workload = Workload('b0', 128, 256, scope='whole')
    with pytest.raises(RuntimeError, match=r'B0 256x128, prediction of the whole .* no memory'):
        peak_memory.measure([workload], [implementation('ours hq')])
