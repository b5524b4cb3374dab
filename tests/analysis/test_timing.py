import signal
import time

import pytest

from mmseg_tome.analysis import timing
from mmseg_tome.analysis.timing import TimeLimitExceeded, interleaved_times, medians, time_limit


def test_calls_are_interleaved_after_a_warm_up():
    calls, steps = [], []
    functions = {name: lambda name=name: calls.append(name) for name in 'ab'}
    times = interleaved_times(functions, repeats=3, warmup=2, on_step=lambda: steps.append(1))
    assert calls == list('ab') * 5
    assert len(steps) == 10
    assert {name: len(values) for name, values in times.items()} == {'a': 3, 'b': 3}
    assert all(value >= 0 for values in times.values() for value in values)


def test_medians():
    assert medians({'a': [3.0, 1.0, 2.0], 'b': [1.0, 2.0]}) == {'a': 2.0, 'b': 1.5}


@pytest.fixture
def interruptible():
    """Ctrl+C has an effect, which it has not in a process that was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures('interruptible')
@pytest.mark.parametrize('has_alarm', [hasattr(signal, 'SIGALRM'), False])
def test_time_limit(monkeypatch, has_alarm):
    monkeypatch.setattr(timing, '_HAS_ALARM', has_alarm)  # Windows has none
    with pytest.raises(TimeLimitExceeded, match=r'took longer than 0\.05 s'), time_limit(0.05):
        time.sleep(5)
    with time_limit(0.01):
        pass
    with time_limit(None):
        time.sleep(0.02)
    with time_limit(0.01):
        pass
    time.sleep(0.05)  # no limit rings later


def test_an_interruption_by_the_user_is_none_of_the_limit(monkeypatch):
    monkeypatch.setattr(timing, '_HAS_ALARM', False)
    with pytest.raises(KeyboardInterrupt), time_limit(60):
        raise KeyboardInterrupt
