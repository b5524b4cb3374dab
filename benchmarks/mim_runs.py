"""Running ``mim train`` and ``mim test`` as a user would, with a progress bar."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmseg_tome.analysis.progress import Progress

# mmengine's log line, such as "Iter(train) [ 20/400] ... loss: 2.1", or "Epoch(train) [3][ 20/50]".
_STEP = re.compile(r'(?:Iter|Epoch)\((?:train|val|test)\)\s+(?:\[\s*(\d+)\])?\[\s*(\d+)/(\d+)\]')


class MimError(RuntimeError):
    """A ``mim`` command failed; the message holds the end of its output."""


def run_mim(
    arguments: list[str],
    log: Path,
    progress: Progress,
    description: str,
    epochs: int = 1,
    pass_fds: Sequence[int] = (),
) -> None:
    """Run ``mim`` with the arguments, and show how far it is.

    Args:
        arguments: What follows ``mim`` on the command line.
        log: File that receives all of its output.
        progress: The display that it is a step of.
        description: What the step is called.
        epochs: Number of epochs, where the log counts the steps of each.
        pass_fds: Open files that the command holds on to while it runs, such as a lock, where the
            system has that (not on Windows).

    Raises:
        MimError: If the command exits with an error.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # The module, not the script: it is this interpreter's own, whatever is on PATH.
    command = [sys.executable, '-m', 'mim', *arguments]
    with progress.step(description) as step:
        with (
            log.open('w', buffering=1) as file,
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors='replace',
                env={**os.environ, 'PYTHONUNBUFFERED': '1'},  # or the bar would lag far behind
                start_new_session=True,
                pass_fds=pass_fds if os.name == 'posix' else (),
            ) as process,
            _ends_with_us(process),
        ):
            for line in process.stdout:
                file.write(line)
                if found := _STEP.search(line):
                    epoch, done, total = (int(number or 1) for number in found.groups())
                    step.update((epoch - 1) * total + done, epochs * total)
        if process.returncode != 0:
            raise MimError(
                f'`{command_line(arguments)}` failed; its output is in {log} and ends with:\n'
                f'{_tail(log.read_text())}'
            )


def _tail(output: str) -> str:
    """The last lines; of two tracebacks the last is mim's own, which says nothing."""
    first, traceback, _ = output.rpartition('Traceback (most recent call last)')
    if traceback and traceback in first:
        output = first
    return ''.join(output.splitlines(keepends=True)[-15:])


@contextmanager
def _ends_with_us(process: subprocess.Popen) -> Iterator[None]:
    """End a command if we are interrupted, with what it started: `mim` starts the run itself."""
    try:
        yield
    except BaseException:
        if os.name == 'posix':
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.terminate()
        process.wait()
        raise


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
