"""What tells files from other files, in a fingerprint."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def data_identity(paths: Iterable[str | Path]) -> str:
    """What changes if one of many files is another one: number, names and sizes.

    Args:
        paths: Of the files; a part that all have in common does not count, so data may move.

    Raises:
        FileNotFoundError: If one is not there.
    """
    files = sorted(Path(path) for path in paths)
    folders = {file.parent for file in files}
    common = _common_folder(folders) if folders else Path()
    lines = [f'{f.relative_to(common).as_posix()} {f.stat().st_size}' for f in files]
    digest = hashlib.sha256('\n'.join(lines).encode()).hexdigest()[:16]
    return f'{len(lines)} files, {digest}'


def _common_folder(folders: Iterable[Path]) -> Path:
    first, *others = folders
    candidates = [first, *first.parents]
    return next(c for c in candidates if all(c in (f, *f.parents) for f in others))


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, its first 16 digits."""
    with Path(path).open('rb') as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]
