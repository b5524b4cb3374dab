from demo import progress
from demo.progress import drawing_progress


def test_without_a_terminal_a_line_at_the_start_and_at_the_end(capsys):
    with drawing_progress('Drawing') as on_image:
        for done in range(6):
            on_image(done, 5)
    output = capsys.readouterr()
    assert output.out == ''
    assert output.err.splitlines() == ['Drawing: 0 of 5', 'Drawing: 5 of 5']


def test_without_a_terminal_a_line_every_half_minute(capsys, monkeypatch):
    clock = iter(range(0, 100, 10))
    monkeypatch.setattr(progress.time, 'monotonic', lambda: next(clock))
    with drawing_progress('Drawing') as on_image:
        for done in range(9):
            on_image(done, 8)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f'Drawing: {done} of 8' for done in (0, 3, 6, 8)]
