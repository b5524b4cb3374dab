"""The script for machines with a GPU, with a stand-in for Python that writes down its arguments."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / 'benchmarks/gpu/check.sh'
STAND_IN = """\
#!/bin/sh
echo "$@" >> {log}
case "$*" in
{cases}
    *'-m pytest'*) echo '3 passed' ;;
esac
"""


@pytest.fixture
def run(tmp_path):
    log = tmp_path / 'log'

    def run(*arguments: str, cases: str = '') -> tuple[int, str, list[str]]:
        """Return code, output, and what Python was called with."""
        python = tmp_path / 'python'
        python.write_text(STAND_IN.format(log=log, cases=cases))
        python.chmod(0o755)
        log.write_text('')
        command = [SCRIPT, 'run', tmp_path / 'out', '--python', python, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr, log.read_text().splitlines()

    return run


def test_tests_come_first_and_the_most_telling_cells_next(run, tmp_path):
    code, output, calls = run()
    assert code == 0 and 'all done' in output
    assert '-m pytest' in calls[2]
    cells = [call for call in calls[3:] if 'tools/benchmark.py --device cuda' in call]
    assert cells[0] == calls[3]
    for preset in ('none', 'hq', 'hq_weighted', 'balanced', 'n2d_2x2'):
        assert f'ours {preset} ' in cells[0] and f'graphed {preset} ' in f'{cells[0]} '
    for step in ('windowed match', 'weighted attention'):
        assert 'benchmark_kernels.py' in calls[4] and step in calls[4]
    for cell, wanted in zip(cells, ('1024x1024', '1024x1024', '2048x1024'), strict=False):
        assert f'--models b5 --sizes {wanted} --batch 8 --dtypes bf16' in cell
    assert '--columns' not in cells[1]
    for size in ('512x512', '640x640', '1024x1024', '2048x1024', '3840x2160'):
        for model in ('b0', 'b2', 'b5'):
            assert any(size in call and model in call for call in cells)
    for tool in ('benchmark_kernels.py', 'break_even.py', '--train', 'compiled hq'):
        assert any(tool in call for call in calls)
    assert '3 passed' in (tmp_path / 'out/tests.txt').read_text()


def test_a_second_run_does_not_repeat_the_tests(run):
    run()
    assert not any('-m pytest' in call for call in run()[2])


def test_nothing_is_timed_when_a_test_fails(run):
    code, output, calls = run(cases="*'-m pytest'*) exit 1 ;;")
    assert code == 2 and 'a test fails' in output
    assert not any('tools/' in call for call in calls)
    assert any('-m pytest' in call for call in run()[2])  # and the next run tests again


def test_what_fails_is_named_after_the_rest_was_done(run):
    code, output, calls = run(cases='*3840x2160*) exit 1 ;;')
    assert code == 2 and 'these failed: [--models b5 --sizes 3840x2160' in output
    assert 'compiled hq' in calls[-1]


def test_tests_can_be_left_out(run):
    code, _, calls = run('--tests', 'no')
    assert code == 0 and not any('-m pytest' in call for call in calls)


def test_it_stops_when_time_is_up(run):
    code, output, calls = run('--minutes', '2', cases="*'-m pytest'*) sleep 1 ;;")
    assert code == 3 and 'run it again' in output
    assert '-m pytest' in calls[2] and not any('tools/benchmark.py' in call for call in calls)


def test_what_broke_a_process_does_not_stop_the_rest(run, tmp_path):
    """The benchmark exits with 3 when the process cannot go on; what comes next can."""
    flag = tmp_path / 'tried'
    once = f'test -e {flag} || {{ touch {flag}; exit 3; }}'
    code, output, calls = run(cases=f'*3840x2160*) {once} ;;')
    assert code == 0 and 'all done' in output
    assert sum('b5 --sizes 3840x2160' in call for call in calls) == 2


def test_commit_beside_the_wheels(run, tmp_path):
    """For a copy without history; marked when the code is not what it was."""
    source = f'. <(sed /^case/,/^esac/d {SCRIPT}); cd {SCRIPT.parents[2]}'
    state = subprocess.run(['bash', '-c', f'{source}; state'], capture_output=True, text=True)
    assert len(state.stdout.strip()) == 12, state.stderr
    for noted, given, wanted in (
        ('abc', state.stdout.strip(), 'abc'),
        ('abc', 'other', 'abc-dirty'),
        ('abc-dirty', 'other', 'abc-dirty'),
    ):
        (tmp_path / 'COMMIT').write_text(f'{noted} {given}\n')
        command = f'{source}; noted_commit {tmp_path}'
        done = subprocess.run(['bash', '-c', command], capture_output=True, text=True)
        assert done.stdout.strip() == wanted, done.stderr


def test_without_a_gpu_it_says_so(run):
    code, output, calls = run(cases='*torch*) exit 1 ;;')
    assert code == 2 and 'sees no GPU' in output and len(calls) == 1


@pytest.mark.parametrize(
    'arguments, message',
    [
        (('--minutes', '0'), '--minutes 0: give a whole number'),
        (('--minutes',), '--minutes needs a value'),
        (('--tests', 'maybe'), '--tests maybe: give yes or no'),
        (('--fast', '1'), '--fast is unknown'),
    ],
)
def test_mistakes(run, arguments, message):
    code, output, calls = run(*arguments)
    assert code == 2 and message in output and not calls
