"""The folder of a search: what it was started with, so that it goes on with the same."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OPTIONS = 'search.json'


def open_folder(folder: Path, options: Mapping[str, Any]) -> bool:
    """Begin a search in a new folder, or go on with the one that is there.

    Args:
        folder: New, empty, or of a search that was started with the same options.
        options: Everything that the figures depend on, as JSON can hold it.

    Returns:
        Whether there is a search to go on with.

    Raises:
        ValueError: If the folder holds something else, or a search with other options.
    """
    path = folder / OPTIONS
    if path.is_file():
        _compare(json.loads(path.read_text()), json.loads(json.dumps(options)), folder)
        return True
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f'{folder} holds something that is not a search: give another --out')
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(options, indent=2) + '\n')
    return False


def _compare(before: dict, now: dict, folder: Path) -> None:
    names = sorted(before.keys() | now.keys())
    changed = [name for name in names if before.get(name) != now.get(name)]
    if changed:
        lines = [f'  {name}: was {before.get(name)!r}, is {now.get(name)!r}' for name in changed]
        raise ValueError(
            f'{folder} holds a search that was started otherwise; figures of the two must not be '
            'mixed. Give the same options to go on, or another --out:\n' + '\n'.join(lines)
        )


def digest(path: Path) -> str:
    """The SHA-256 of a file's content, shortened."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
