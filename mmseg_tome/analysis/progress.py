"""How far a command is: bars on a terminal, and lines elsewhere, so that logs are not silent.

>>> with Progress() as progress:
...     with progress.step('time inference', total=35) as step:
...         for function in functions:
...             function()
...             step.advance()
...     progress.say('kept, computed before')

Where output is no terminal, a line says that a step begins, one every half minute how far it is,
and one that it is done.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

_MINUTE, _HOUR = 60, 3600


class Step:
    """Something that takes a while. Made by :meth:`Progress.step`.

    Args:
        title: What it is.
        total: Number of parts; None while that is unknown.
        bars: Where it has a bar; None where output is no terminal.
    """

    def __init__(self, title: str, total: float | None, bars: Bars | None) -> None:
        self.title, self.total, self.done = title, total, 0.0
        self._start = time.monotonic()
        self._bar = (bars, bars.add_task(title, total=total)) if bars else None

    def advance(self, parts: float = 1) -> None:
        """Say that so many more parts are done."""
        self.update(self.done + parts)

    def update(
        self, done: float, total: float | None = None, description: str | None = None
    ) -> None:
        """Say how far it is.

        Args:
            done: Number of parts that are done.
            total: Number of all parts; None for what it was.
            description: What to show in place of the title; None for what it was.
        """
        self.done, self.total = done, self.total if total is None else total
        self.title = description or self.title
        if self._bar:
            bars, task = self._bar
            bars.update(task, completed=done, total=self.total, description=self.title)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._start

    def status(self) -> str:
        """A line that says how far it is, and how long it may take."""
        if not self.total or not self.done:
            return f'{self.title}: {duration(self.seconds)} so far'
        left = self.seconds * (self.total - self.done) / self.done
        return f'{self.title}: {100 * self.done / self.total:.0f} %, {duration(left)} left'

    def remove(self) -> None:
        """Take its bar away."""
        if self._bar:
            bars, task = self._bar
            bars.remove_task(task)


class Progress:
    """The display of one command.

    Args:
        console: Where to show it; standard output if None.
        interval: Seconds between lines where that is no terminal.
    """

    def __init__(self, console: Console | None = None, interval: float = 30) -> None:
        self.console = console or Console()
        self._interval = interval
        self._bars = _make_bars(self.console) if self.console.is_terminal else None
        self._steps: list[Step] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._report, daemon=True)

    def __enter__(self) -> 'Progress':
        if self._bars:
            self._bars.start()
        else:
            self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        if self._bars:
            self._bars.stop()
        else:
            self._ended.set()
            self._thread.join()

    def say(self, line: str, style: str | None = None) -> None:
        """Print a line with the time of day, above the bars."""
        self.console.print(
            f'{datetime.now():%H:%M:%S} {line}',
            style=style,
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    @contextmanager
    def step(self, title: str, total: float | None = None) -> Iterator[Step]:
        """Show what happens inside as one step.

        Args:
            title: What it is, such as ``'train'``.
            total: Number of its parts; None if unknown.
        """
        if not self._bars:
            self.say(f'{title} ...')
        step = Step(title, total, self._bars)
        self._steps.append(step)
        ended = 'stopped after'
        try:
            yield step
            ended = 'done in'
        finally:
            self._steps.remove(step)
            step.remove()
            self.say(f'{step.title}: {ended} {duration(step.seconds)}')

    def _report(self) -> None:
        while not self._ended.wait(self._interval):
            for step in tuple(self._steps):
                self.say(step.status())


def duration(seconds: float) -> str:
    """Such as '4.2 s', '45 s', '8 min 05 s', '2 h 10 min'."""
    if seconds < 10:
        return f'{seconds:.1f} s'
    seconds = round(seconds)
    if seconds < _MINUTE:
        return f'{seconds} s'
    if seconds < _HOUR:
        return f'{seconds // _MINUTE} min {seconds % _MINUTE:02d} s'
    return f'{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02d} min'


def _make_bars(console: Console) -> Bars:
    return Bars(
        TextColumn('{task.description:<25}', markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
        console=console,
    )
