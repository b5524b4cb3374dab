"""Results that are kept, and used again only if everything that they depend on is the same."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

FILE = 'cell.json'
_LOCK = 'lock'
_SHOWN = 5  # changed fields that a message lists


class CellInUseError(RuntimeError):
    """Another process is computing the same cell."""


class Cell:
    """One result of a table: a folder with what its computation wrote, and one JSON.

    Args:
        folder: The cell's own.
        key: All that the result depends on; what JSON can hold.
        say: Called with a line on what happens.
        any_code: Whether a result is also used if it is of another version of the code, which the
            key holds under ``'code'``.
    """

    def __init__(
        self,
        folder: Path,
        key: Mapping[str, Any],
        say: Callable[[str], None],
        any_code: bool = False,
    ) -> None:
        self.folder = folder
        self.key = json.loads(json.dumps(key, default=str))
        self._say = say
        self._any_code = any_code

    @property
    def name(self) -> str:
        """The last two parts of the folder's path."""
        return '/'.join(self.folder.parts[-2:])

    def stored(self) -> dict | None:
        """The result if it is finished and of this key; nothing is changed."""
        content = self._read()
        return content['result'] if content and self._fits(content['key']) else None

    def _fits(self, key: dict) -> bool:
        changed = {name for name in {*key, *self.key} if key.get(name) != self.key.get(name)}
        return changed <= ({'code'} if self._any_code else set())

    def reuse_or_compute(self, compute: Callable[[int], dict]) -> dict:
        """Return the kept result, or compute it.

        What was computed with another key, finished or not, is renamed and stays. What was begun
        with this key is left where it is, for the computation to go on from.

        Args:
            compute: Returns the result; it is given the descriptor of the open lock, for child
                processes to hold on to.

        Raises:
            CellInUseError: If another process, or a child of a killed one, is at it.
        """
        if (result := self.stored()) is not None:
            other = '' if self._read()['key'] == self.key else ', by another version of the code'
            self._say(f'{self.name}: kept, computed before{other}')
            return result
        self._set_aside()
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder) as descriptor:
            self._write(None)
            result = json.loads(json.dumps(compute(descriptor), default=str))
            self._write(result)
        self._say(f'{self.name}: done')
        return result

    def _read(self) -> dict | None:
        path = self.folder / FILE
        if not path.exists():
            return None
        try:
            return json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f'{path} is damaged ({error}); move {self.folder} away') from None

    def _write(self, result: dict | None) -> None:
        content = json.dumps({'key': self.key, 'result': result}, indent=1)
        new = self.folder / f'{FILE}.new'
        new.write_text(content)
        os.replace(new, self.folder / FILE)  # never half a file

    def _set_aside(self) -> None:
        if not self.folder.exists():
            return
        content = self._read()
        if content and self._fits(content['key']):
            self._say(f'{self.name}: begun before, goes on')
            return
        with _locked(self.folder):
            aside = self.folder.with_name(
                f'{self.folder.name}.replaced-{datetime.now():%Y%m%d-%H%M%S-%f}'
            )
            self.folder.rename(aside)
        changes = differences(content['key'], self.key) if content else ['no cell.json in it']
        changes.sort(key=lambda line: line.startswith('config.'))  # of which there may be many
        more = f', and {len(changes) - _SHOWN} more' if len(changes) > _SHOWN else ''
        self._say(
            f'{self.name}: computed again, since it was computed with other settings '
            f'({"; ".join(changes[:_SHOWN])}{more}); the old one is now {aside.name}'
        )


def differences(old: Any, new: Any, name: str = '') -> list[str]:
    """List the fields in which two keys differ, as 'train_cfg.max_iters: 300, now 600'."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [*old, *(key for key in new if key not in old)]
        return [
            line
            for key in names
            for line in differences(
                old.get(key, '(absent)'), new.get(key, '(absent)'), f'{name}.{key}' if name else key
            )
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            line
            for i, pair in enumerate(zip(old, new, strict=True))
            for line in differences(*pair, f'{name}.{i}')
        ]
    return [] if old == new else [f'{name}: {_short(old)}, now {_short(new)}']


def file_hash(path: Path) -> str:
    """SHA-256 of a file, its first 16 digits."""
    with Path(path).open('rb') as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f'{text[:57]}…'


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    with (folder / _LOCK).open('a') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CellInUseError(
                f'{folder} is being computed by another process (`fuser {folder / _LOCK}` names '
                'it): wait for it, or end it'
            ) from None
        yield file.fileno()
