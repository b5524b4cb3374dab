"""A revision of this project in a folder and an interpreter of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_WORKER = Path(__file__).with_name('revision_worker.py')


@contextmanager
def checked_out(revision: str, tree: Path, folder: Path) -> Iterator[Path]:
    """A temporary worktree of a revision."""
    _git(tree, 'worktree', 'add', '--detach', str(folder), revision)
    try:
        yield folder
    finally:
        _git(tree, 'worktree', 'remove', '--force', str(folder))


def _git(tree: Path, *arguments: str) -> None:
    done = subprocess.run(['git', '-C', str(tree), *arguments], capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        raise ValueError(f'git {" ".join(arguments[:2])} in {tree}: {reason[-1] if reason else ""}')


class RevisionProcess:
    """An interpreter with the sources of one tree, in which ``revision_worker.py`` runs.

    Args:
        tree: Their folder.
        log: File for what it prints.
    """

    def __init__(self, tree: Path, log: Path) -> None:
        self._tree, self._log = tree, log
        self._file = log.open('w')
        path = os.pathsep.join(filter(None, [str(tree), os.environ.get('PYTHONPATH')]))
        self._process = subprocess.Popen(
            [sys.executable, '-c', _WORKER.read_text(encoding='utf-8')],
            cwd=tree,
            env={**os.environ, 'PYTHONPATH': path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._file,
            text=True,
        )

    def __enter__(self) -> 'RevisionProcess':
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.communicate()
        self._file.close()

    def ask(self, job: dict) -> dict:
        """Have it do something, and wait for the answer.

        Raises:
            RuntimeError: If it has failed.
        """
        jobs, answers = self._process.stdin, self._process.stdout
        assert jobs and answers  # both are pipes
        with suppress(BrokenPipeError):
            jobs.write(json.dumps(job) + '\n')
            jobs.flush()
        answer = answers.readline()
        if not answer:
            self._process.wait()
            tail = '\n'.join(self._log.read_text().splitlines()[-15:])
            raise RuntimeError(f'{self._tree} failed; its output ends with:\n{tail}')
        return json.loads(answer)
