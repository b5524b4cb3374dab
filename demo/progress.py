"""How far the drawing of a set is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .scenes.writing import OnImage

_EVERY = 30.0  # seconds between two lines


@contextmanager
def drawing_progress(description: str) -> Iterator[OnImage]:
    """Yield a function to be called with the number of images drawn, and of all to be drawn."""
    if not sys.stderr.isatty():
        yield _Lines(description)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('time left'),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Prints a line at the first image, at the last, and every half minute."""

    def __init__(self, description: str) -> None:
        self.description = description
        self.printed = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done in (0, total) or now - self.printed >= _EVERY:
            self.printed = now
            print(f'{self.description}: {done} of {total}', file=sys.stderr, flush=True)
