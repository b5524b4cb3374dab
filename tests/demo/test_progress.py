import re
import threading

import pytest

from demo.progress import drawing_progress


@pytest.mark.parametrize('images', [0, 5])
def test_drawing_says_nothing_where_nothing_is_drawn(images, capsys):
    with drawing_progress('draw') as on_image:
        for done in range(images + 1 if images else 0):
            on_image(done, images)
    output = capsys.readouterr()
    lines = [re.sub(r'\d[\d:.]*', 'N', line) for line in output.err.splitlines()]
    assert output.out == ''
    assert lines == (['N draw ...', 'N draw: done in N s'] if images else [])


def test_no_thread_runs_before_workers_are_started():
    threads = threading.active_count()
    with drawing_progress('draw') as on_image:
        assert threading.active_count() == threads
        on_image(0, 2)
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
