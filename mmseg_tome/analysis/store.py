"""Results that are kept, and used again only if all that they depend on is the same.

>>> store = Store(folder, say=print)
>>> entry = store.entry('speed/inference', fingerprint(KIND, cfg=cfg, device='cpu'))
>>> result = entry.reuse_or_compute(lambda lock: {'seconds': measure()})
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .fingerprint import CODE, Fingerprint
from .locking import InUseError, locked

__all__ = ['FILE', 'Entry', 'InUseError', 'Store', 'differences']

#: The file of an entry that is finished.
FILE = 'result.json'
_SHOWN = 5  # changed fields that a message lists


@dataclass(frozen=True)
class Store:
    """A folder of results.

    Args:
        folder: Of all its entries.
        say: Called with a line on what happens.
        any_code: Whether a result is also used if it is of another version of the code.
    """

    folder: Path
    say: Callable[[str], None] = print
    any_code: bool = False

    def finished(self) -> Iterator[tuple[dict, dict]]:
        """Parts of the fingerprint, and result, of every entry that is finished, sorted by name."""
        found = [path for depth in ('*', '*/*') for path in self.folder.glob(f'{depth}/{FILE}')]
        for path in sorted(found):
            if '.replaced-' in path.parent.name:
                continue
            content = _read(path)
            if content['result'] is not None:
                yield content['key'], content['result']

    def entry(self, name: str, fingerprint: Fingerprint) -> 'Entry':
        """The place of one result.

        Args:
            name: Path below the folder, such as ``'train/hq-seed0'``.
            fingerprint: All that the result depends on.
        """
        return Entry(self.folder / name, fingerprint, self.say, self.any_code)


@dataclass(frozen=True)
class Entry:
    """One result: a folder with what its computation wrote, and one JSON.

    Args:
        folder: The entry's own.
        fingerprint: All that the result depends on.
        say: See :class:`Store`.
        any_code: See :class:`Store`.
    """

    folder: Path
    fingerprint: Fingerprint
    say: Callable[[str], None]
    any_code: bool = False

    @property
    def name(self) -> str:
        """The last two parts of the folder's path."""
        return '/'.join(self.folder.parts[-2:])

    def stored(self) -> dict | None:
        """The result if it is finished and of this fingerprint; nothing is changed."""
        content = self._fitting()
        return content['result'] if content else None

    def reuse_or_compute(
        self,
        compute: Callable[[int], dict],
        missing: Callable[[dict], str] = lambda result: '',
    ) -> dict:
        """Return the kept result, or compute it.

        What was computed with another fingerprint, finished or not, is renamed and stays. What was
        begun with this one is left where it is, for the computation to go on from.

        Args:
            compute: Returns the result, which JSON can hold; it is given the descriptor of the
                open lock, for child processes to hold on to.
            missing: Says what a kept result lacks for it to be used; empty if nothing.

        Raises:
            InUseError: If another process, or a child of a killed one, is at it.
            ValueError: If the file of the result is damaged.
        """
        content = self._fitting()
        result = content and content['result']  # None where it is begun
        lacks = missing(result) if result is not None else ''
        if content and result is not None and not lacks:
            same = content['key'] == self.fingerprint.parts
            other = '' if same else ', by another version of the code'
            self.say(f'{self.name}: kept, computed before{other}')
            return result
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.folder) as descriptor:
            self._set_aside(lacks)
            self.folder.mkdir(exist_ok=True)
            self._write(None)
            result = json.loads(json.dumps(compute(descriptor), default=str))
            self._write(result)
        self.say(f'{self.name}: done')
        return result

    @contextmanager
    def extended(self, what: str) -> Iterator[None]:
        """Hold a folder to which every run adds, such as that of a search.

        Unlike in :meth:`reuse_or_compute`, nothing is set aside: what was begun with another
        fingerprint stays where it is, and this run is refused.

        Args:
            what: What the folder holds, for messages.

        Raises:
            InUseError: If another process adds to it.
            ValueError: If the folder holds something else, or what was begun with another
                fingerprint; the message names what differs.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            content = self._read()
            if content is None:
                if self.folder.exists() and not _is_empty(self.folder):
                    raise ValueError(
                        f'{self.folder} holds something that is not a {what}, or one of an earlier '
                        'version: give another folder'
                    )
                self.folder.mkdir(exist_ok=True)
                self._write(None)
            elif content['key'] != self.fingerprint.parts:
                raise ValueError(
                    f'{self.folder} holds a {what} that was started otherwise '
                    f'({_changes(content["key"], self.fingerprint.parts)}), and results of the two '
                    'must not be mixed: go on with what it was started with, or give another folder'
                )
            yield

    def _fitting(self) -> dict | None:
        """What is kept, if it is of this fingerprint."""
        content = self._read()
        return content if content and self._fits(content['key']) else None

    def _fits(self, parts: Mapping[str, Any]) -> bool:
        own = self.fingerprint.parts
        changed = {name for name in {*parts, *own} if parts.get(name) != own.get(name)}
        return changed <= ({CODE} if self.any_code else set())

    def _read(self) -> dict | None:
        path = self.folder / FILE
        return _read(path) if path.exists() else None

    def _write(self, result: dict | None) -> None:
        content = json.dumps({'key': self.fingerprint.parts, 'result': result}, indent=1)
        new = self.folder / f'{FILE}.new'
        new.write_text(content, encoding='utf-8')
        os.replace(new, self.folder / FILE)  # never half a file

    def _set_aside(self, lacks: str) -> None:
        if not self.folder.exists():
            return
        if self._fitting() and not lacks:
            self.say(f'{self.name}: begun before, goes on')
            return
        aside = self.folder.with_name(
            f'{self.folder.name}.replaced-{datetime.now():%Y%m%d-%H%M%S-%f}'
        )
        reason = f'it lacks {lacks}' if lacks else _reason(self._read(), self.fingerprint)
        self.folder.rename(aside)
        self.say(f'{self.name}: computed again, since {reason}; the old one is now {aside.name}')


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is damaged ({error}); move {path.parent} away') from None


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _reason(content: dict | None, fingerprint: Fingerprint) -> str:
    changes = _changes(content['key'], fingerprint.parts) if content else f'no {FILE} in it'
    return f'it was computed with other settings ({changes})'


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The first differences between two keys, in one line."""
    changes = differences(old, new)
    changes.sort(key=lambda line: line.startswith('config.'))  # of which there may be many
    more = f', and {len(changes) - _SHOWN} more' if len(changes) > _SHOWN else ''
    return '; '.join(changes[:_SHOWN]) + more


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


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f'{text[:57]}…'
