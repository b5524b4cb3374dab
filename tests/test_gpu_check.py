"""The script for machines with a GPU, with a stand-in for Python that writes down its arguments."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / 'tools/gpu_check.sh'
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
    assert '-m pytest' in calls[1] and 'benchmark_kernels.py' in calls[2]
    assert all('tools/benchmark.py --device cuda' in call for call in calls[3:])
    assert '--models b5 --sizes 1024x1024' in calls[3] and '2048x1024' in calls[4]
    for size in ('512x512', '640x640', '1024x1024', '2048x1024', '3840x2160'):
        for model in ('b0', 'b2', 'b5'):
            assert any(size in call and model in call for call in calls)
    assert any('--train' in call for call in calls)
    assert '3 passed' in (tmp_path / 'out/tests.txt').read_text()


def test_a_second_run_does_not_repeat_the_tests(run):
    run()
    assert not any('-m pytest' in call for call in run()[2])


def test_nothing_is_timed_when_a_test_fails(run):
    code, output, calls = run(cases="*'-m pytest'*) exit 1 ;;")
    assert code == 2 and 'a test fails' in output
    assert not any('benchmark' in call for call in calls)
    assert any('-m pytest' in call for call in run()[2])  # and the next run tests again


def test_what_fails_is_named_after_the_rest_was_done(run):
    code, output, calls = run(cases='*3840x2160*) exit 1 ;;')
    assert code == 2 and 'these failed: [--models b5 --sizes 2048x1024 3840x2160' in output
    assert '--dtypes fp16' in calls[-1]


def test_it_stops_when_time_is_up(run):
    code, output, calls = run('--minutes', '2', cases="*'-m pytest'*) sleep 1 ;;")
    assert code == 3 and 'run it again' in output
    assert '-m pytest' in calls[1] and not any('tools/benchmark.py' in call for call in calls)


def test_without_a_gpu_it_says_so(run):
    code, output, calls = run(cases='*torch*) exit 1 ;;')
    assert code == 2 and 'sees no GPU' in output and len(calls) == 1


@pytest.mark.parametrize(
    'arguments, message',
    [
        (('--minutes', '0'), '--minutes 0: give a whole number'),
        (('--minutes',), '--minutes needs a value'),
        (('--fast', '1'), '--fast is unknown'),
    ],
)
def test_mistakes(run, arguments, message):
    code, output, calls = run(*arguments)
    assert code == 2 and message in output and not calls
