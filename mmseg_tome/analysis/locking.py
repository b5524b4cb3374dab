"""Keeping a second process from computing the same result."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == 'win32':
    import msvcrt
else:
    import fcntl


class InUseError(RuntimeError):
    """Another process is computing the same result."""


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold a lock that stands for a folder, in a file beside it, so that the folder can be renamed.

    Not by the `filelock` package: there a child process cannot hold on to the lock, and a training
    may outlive the process that started it.

    Yields:
        The descriptor of the open lock. A child process that has it open holds the lock as long as
        it runs, where the system knows such locks (not on Windows).

    Raises:
        InUseError: If another process holds it.
    """
    path = folder.with_name(f'.{folder.name}.lock')
    with path.open('a') as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise InUseError(
                f'{folder} is being computed by another process (`fuser {path}` names it): wait '
                'for it, or end it'
            ) from None
        yield file.fileno()


def _lock(descriptor: int) -> None:
    """Lock an open file until it is closed.

    Raises:
        OSError: If it is locked already.
    """
    if sys.platform == 'win32':
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
