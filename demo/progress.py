"""Progress of the demo: bars on a terminal, lines in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .scenes.writing import OnImage

_EVERY = 30.0  # seconds between two lines


def open_progress(file: TextIO | None = None) -> Progress:
    """Progress bars where ``file`` is a terminal, and lines elsewhere.

    Args:
        file: Where to show them; None for the standard output.
    """
    file = file or sys.stdout
    if not file.isatty():
        return LineProgress(file)
    columns = (
        TextColumn('{task.description:<25}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(file=file))


@contextmanager
def drawing_progress(description: str) -> Iterator[OnImage]:
    """Yield a function to be called with the number of images drawn, and of all to be drawn."""
    with open_progress(sys.stderr) as progress:
        tasks: list[TaskID] = []

        def on_image(done: int, total: int) -> None:
            if not tasks:
                tasks.append(progress.add_task(description, total=total))
            progress.update(tasks[0], completed=done)

        yield on_image


class LineProgress(Progress):
    """Prints a line when a step starts, when it ends, and every half minute.

    Args:
        file: Where to print.
    """

    def __init__(self, file: TextIO) -> None:
        super().__init__(disable=True)
        self._file = file
        self._printed: dict[TaskID, float] = {}

    def add_task(self, description: str, *args, **kwargs) -> TaskID:
        """Add a step; see rich."""
        task_id = super().add_task(description, *args, **kwargs)
        self._print(task_id, f'{description} ...')
        return task_id

    def update(self, task_id: TaskID, **changes) -> None:
        """Say how far a step is; see rich."""
        was_finished = self._tasks[task_id].finished
        super().update(task_id, **changes)
        self._report(task_id, was_finished)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Say that a step is further by so much; see rich."""
        was_finished = self._tasks[task_id].finished
        super().advance(task_id, advance)
        self._report(task_id, was_finished)

    def _report(self, task_id: TaskID, was_finished: bool) -> None:
        task = self._tasks[task_id]
        if was_finished:
            return
        if task.finished or time.monotonic() - self._printed[task_id] >= _EVERY:
            elapsed = timedelta(seconds=round(task.elapsed or 0))
            total = f'/{task.total:.0f}' if task.total is not None else ''
            self._print(task_id, f'{task.description}: {task.completed:.0f}{total}, {elapsed}')

    def _print(self, task_id: TaskID, line: str) -> None:
        self._printed[task_id] = time.monotonic()
        print(line, file=self._file, flush=True)
