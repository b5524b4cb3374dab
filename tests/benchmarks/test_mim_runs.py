import io
import json
import time
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import mim_runs
from benchmarks.mim_runs import MimError, command_line, read_metrics, run_mim
from mmseg_tome.analysis.progress import Progress, Step


def fake_mim(monkeypatch, tmp_path, script):
    """Put a package named mim, which runs the script, before the real one."""
    package = tmp_path / 'mim'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / '__main__.py').write_text(script)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))


def updates(monkeypatch, also=lambda: None):
    """The list of how far a step was said to be, each time; something else may happen then."""
    seen, original = [], Step.update

    def update(step, done, total):
        seen.append((done, total))
        also()
        original(step, done, total)

    monkeypatch.setattr(Step, 'update', update)
    return seen


def test_progress_follows_the_log(monkeypatch, tmp_path):
    fake_mim(
        monkeypatch,
        tmp_path,
        'import sys\n'
        'print("11/22 17:00:00 - mmengine - INFO - Iter(train) [ 20/400]  lr: 1e-3")\n'
        'print("noise", sys.argv[1:])\n'
        'print("11/22 17:00:00 - mmengine - INFO - Iter(test) [380/400]  eta: 0:00:01")\n',
    )
    seen = updates(monkeypatch)
    with Progress(Console(file=io.StringIO())) as progress:
        run_mim(['train', 'x'], tmp_path / 'logs' / 'run.log', progress, 'train')
    assert seen == [(20, 400), (380, 400)]
    assert 'train: done in' in progress.console.file.getvalue()
    assert "noise ['train', 'x']" in (tmp_path / 'logs' / 'run.log').read_text()


def test_output_arrives_while_the_command_runs(monkeypatch, tmp_path):
    """The command waits, up to a limit, for a file that the first progress report makes."""
    fake_mim(
        monkeypatch,
        tmp_path,
        'import pathlib, sys, time\n'
        'print("Iter(test) [1/2]")\n'
        'seen = pathlib.Path(sys.argv[1])\n'
        'sys.exit(next((0 for _ in range(200) if seen.exists() or time.sleep(0.1)), "unseen"))\n',
    )
    seen = tmp_path / 'seen'
    updates(monkeypatch, lambda: seen.touch())
    run_mim([str(seen)], tmp_path / 'run.log', Progress(), 'test')


def test_an_interruption_ends_the_run_that_mim_started(monkeypatch, tmp_path):
    fake_mim(
        monkeypatch,
        tmp_path,
        'import subprocess, sys\n'
        'run = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])\n'
        'print("Iter(train) [1/2]", run.pid)\n'
        'run.wait()\n',
    )

    def interrupt():
        raise KeyboardInterrupt

    updates(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_mim([], tmp_path / 'run.log', Progress(), 'train')
    pid = int((tmp_path / 'run.log').read_text().split()[-1])
    for _ in range(100):
        if _has_ended(pid):
            return
        time.sleep(0.1)
    pytest.fail('the run goes on')


def _has_ended(pid):
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except OSError:
        return True
    return state == 'Z'  # ended; nobody has asked for its exit status


def test_a_failure_shows_command_log_and_the_end_of_the_output(monkeypatch, tmp_path):
    fake_mim(monkeypatch, tmp_path, 'print("first"); raise SystemExit("no such config")')
    with pytest.raises(MimError, match=r"`mim test 'a b'` failed.*run\.log") as error:
        run_mim(['test', 'a b'], tmp_path / 'run.log', Progress(), 'test')
    assert 'no such config' in str(error.value)


def test_the_traceback_of_the_run_is_shown_not_that_of_mim(monkeypatch, tmp_path):
    fake_mim(
        monkeypatch,
        tmp_path,
        'import subprocess, sys\n'
        'run = [sys.executable, "-c", "raise KeyError(\\"of the run\\")"]\n'
        'subprocess.run(run, check=True)\n',
    )
    with pytest.raises(MimError) as error:
        run_mim([], tmp_path / 'run.log', Progress(), 'test')
    assert str(error.value).rstrip().endswith("KeyError: 'of the run'")
    assert 'CalledProcessError' in (tmp_path / 'run.log').read_text()


def test_epochs_and_iterations_are_understood():
    assert mim_runs._STEP.search('Epoch(val) [3/17]  eta').groups() == (None, '3', '17')
    assert mim_runs._STEP.search('Iter(train) [   20/160000] lr').groups() == (None, '20', '160000')
    assert mim_runs._STEP.search('Epoch(train)  [12][ 20/50]  lr').groups() == ('12', '20', '50')
    assert mim_runs._STEP.search('Saving checkpoint at 20 iterations') is None


def test_progress_counts_through_the_epochs(monkeypatch, tmp_path):
    fake_mim(monkeypatch, tmp_path, 'print("Epoch(train) [1][50/50]\\nEpoch(train) [2][20/50]")')
    seen = updates(monkeypatch)
    run_mim(['train'], tmp_path / 'run.log', Progress(), 'train', epochs=3)
    assert seen == [(50, 150), (70, 150)]


def test_command_line_is_quoted():
    assert command_line(['test', 'a b']) == "mim test 'a b'"


def test_metrics_of_the_newest_run(tmp_path):
    for name, miou in (('20260101_000000', 1.0), ('20260102_000000', 2.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f'{name}.json').write_text(json.dumps({'mIoU': miou}))
    assert read_metrics(tmp_path) == {'mIoU': 2.0}
    with pytest.raises(FileNotFoundError, match='holds no results'):
        read_metrics(tmp_path / 'absent')
