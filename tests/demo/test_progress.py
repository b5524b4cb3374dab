import io
import re

import pytest

from demo import progress
from demo.progress import drawing_progress, open_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def without_times(text: str) -> list[str]:
    return [re.sub(r'\d+:\d\d:\d\d', 'TIME', line) for line in text.splitlines()]


def test_in_a_log_a_line_at_the_start_and_at_the_end():
    log = io.StringIO()
    with open_progress(log) as display:
        train = display.add_task('train', total=None)
        for done in range(6):
            display.update(train, completed=done, total=5)
        display.update(train, completed=5, total=5)
        timed = display.add_task('time', total=2)
        display.advance(timed)
        display.advance(timed)
    assert without_times(log.getvalue()) == [
        *('train ...', 'train: 5/5, TIME'),
        *('time ...', 'time: 2/2, TIME'),
    ]


def test_in_a_log_a_line_every_half_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    log = io.StringIO()
    with open_progress(log) as display:
        task = display.add_task('train', total=8)
        for done in range(8):
            now[0] = 10.0 * done
            display.update(task, completed=done)
    lines = without_times(log.getvalue())
    assert lines == ['train ...', 'train: 3/8, TIME', 'train: 6/8, TIME']


def test_on_a_terminal_bars(monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    terminal = Terminal()
    with open_progress(terminal) as display:
        display.update(display.add_task('train', total=8), completed=8)
    assert '━' in terminal.getvalue() and '8/8' in terminal.getvalue()


@pytest.mark.parametrize('images', [0, 5])
def test_drawing_says_nothing_where_nothing_is_drawn(images, capsys):
    with drawing_progress('draw') as on_image:
        for done in range(images + 1 if images else 0):
            on_image(done, images)
    output = capsys.readouterr()
    assert output.out == ''
    assert without_times(output.err) == (['draw ...', 'draw: 5/5, TIME'] if images else [])
