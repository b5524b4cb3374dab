"""Running ``mim train`` and ``mim test`` as a user would, with a progress bar."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.progress import Progress

# mmengine's log line, such as "Iter(train) [ 20/400] ... loss: 2.1", or "Epoch(train) [3][ 20/50]".
_STEP = re.compile(r'(?:Iter|Epoch)\((?:train|val|test)\)\s+(?:\[\s*(\d+)\])?\[\s*(\d+)/(\d+)\]')


class MimError(RuntimeError):
    """A ``mim`` command failed; the message holds the end of its output."""


def run_mim(
    arguments: list[str], log: Path, progress: Progress, description: str, epochs: int = 1
) -> None:
    """Run ``mim`` with the arguments, and show how far it is.

    Args:
        arguments: What follows ``mim`` on the command line.
        log: File that receives all of its output.
        progress: The display that the bar is added to.
        description: What the bar says.
        epochs: Number of epochs, where the log counts the steps of each.

    Raises:
        MimError: If the command exits with an error.
    """
    task = progress.add_task(description, total=None)
    log.parent.mkdir(parents=True, exist_ok=True)
    # The module, not the script: it is this interpreter's own, whatever is on PATH.
    command = [sys.executable, '-m', 'mim', *arguments]
    with (
        log.open('w', buffering=1) as file,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            env={**os.environ, 'PYTHONUNBUFFERED': '1'},  # or the bar would lag far behind
        ) as process,
    ):
        for line in process.stdout:
            file.write(line)
            if step := _STEP.search(line):
                epoch, done, total = (int(number or 1) for number in step.groups())
                completed = (epoch - 1) * total + done
                progress.update(task, completed=completed, total=epochs * total)
    if process.returncode != 0:
        tail = ''.join(log.read_text().splitlines(keepends=True)[-15:])
        raise MimError(
            f'`{command_line(arguments)}` failed; its output is in {log} and ends with:\n{tail}'
        )
    total = progress.tasks[task].total or 1
    progress.update(task, completed=total, total=total)


def command_line(arguments: list[str]) -> str:
    """The command as a user would type it."""
    return shlex.join(['mim', *arguments])


def read_metrics(work_dir: Path) -> dict[str, float]:
    """Read the results that the newest ``mim test`` run left in its work folder.

    Raises:
        FileNotFoundError: If there is no finished run in the folder.
    """
    # mmengine writes <work_dir>/<time>/<time>.json when a test ends.
    files = sorted(work_dir.glob('*/*.json'))
    if not files:
        raise FileNotFoundError(f'{work_dir} holds no results of a finished `mim test`')
    return json.loads(files[-1].read_text())
