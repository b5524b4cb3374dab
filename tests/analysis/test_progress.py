"""Bars on a terminal, lines elsewhere."""

import io
import re
import subprocess
import sys
import time

import pytest

pytest.importorskip('rich')
from rich.console import Console

from mmseg_tome.analysis.progress import Progress, duration

CLOCK = r'\d\d:\d\d:\d\d '


def lines_of(interval, work, terminal=False):
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100)
    with Progress(console, interval) as progress:
        work(progress)
    return file.getvalue().splitlines()


def wait_for(console, text):
    for _ in range(500):
        if text in console.file.getvalue():
            return
        time.sleep(0.01)
    pytest.fail(f'{text!r} is never said')


def test_a_log_says_when_a_step_begins_how_far_it_is_and_when_it_is_done():
    def work(progress):
        with progress.step('train', total=4) as step:
            wait_for(progress.console, 'so far')  # also while nothing advances
            step.advance()
            wait_for(progress.console, '25 %')
        progress.say('a line [with brackets]')

    first, *middle, last, said = lines_of(0.05, work)
    assert re.fullmatch(CLOCK + r'train \.\.\.', first)
    assert re.fullmatch(CLOCK + r'train: \d\.\d s so far', middle[0])
    assert re.fullmatch(CLOCK + r'train: 25 %, \d\.\d s left', middle[-1])
    assert re.fullmatch(CLOCK + r'train: done in \d\.\d s', last)
    assert re.fullmatch(CLOCK + r'a line \[with brackets\]', said)


def test_a_short_step_is_two_lines():
    def work(progress):
        with progress.step('test', 1) as step:
            step.update(1, description='test, renamed')

    lines = lines_of(30, work)
    assert lines[0][9:] == 'test ...' and len(lines) == 2
    assert 'test, renamed: done in' in lines[1]


def test_a_step_that_fails_is_not_done():
    def work(progress):
        with pytest.raises(KeyError), progress.step('train'):
            raise KeyError

    assert 'train: stopped after' in lines_of(30, work)[1]


def test_a_terminal_has_bars_with_the_time_that_is_left():
    def work(progress):
        with progress.step('train', total=4) as step:
            step.update(1)
            progress._bars.refresh()

    text = '\n'.join(lines_of(0.01, work, terminal=True))
    assert '1/4' in text and 'left' in text and '━' in text
    assert 'train ...' not in text and '25 %' not in text and 'train: done in' in text


def test_lines_arrive_while_the_command_runs():
    """A pipe gets each line when it is said, not when the command ends."""
    code = (
        'import sys\n'
        'from mmseg_tome.analysis.progress import Progress\n'
        'with Progress() as progress, progress.step("train"):\n'
        '    input()\n'
    )
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen([sys.executable, '-c', code], **pipes) as process:
        assert process.stdout.readline().endswith('train ...\n')  # before it is told to go on
        rest, _ = process.communicate('\n')
    assert 'done in' in rest and process.returncode == 0


def test_durations():
    texts = [duration(seconds) for seconds in (0, 9.94, 45.4, 485, 7800)]
    assert texts == ['0.0 s', '9.9 s', '45 s', '8 min 05 s', '2 h 10 min']
