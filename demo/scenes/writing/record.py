"""The record of what a generated set's folder holds, and whether it may be written to."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from .request import Request

RECORD = 'generated.json'


def write_file(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written, even after an interruption."""
    part = path.with_name(path.name + '.part')
    part.write_bytes(content)
    os.replace(part, path)


def is_complete(folder: Path) -> bool:
    """Whether the record in ``folder`` says that its set was written to the end."""
    return bool(json.loads((folder / RECORD).read_text())['complete'])


def write_record(
    folder: Path, kind: str, request: Request, readme: str, complete: bool, **more: object
) -> None:
    """Write generated.json and README.txt.

    Args:
        folder: The folder of the set.
        kind: What is generated, like 'generated street scenes'.
        request: What was asked for.
        readme: The text of README.txt.
        complete: Whether all of it is there.
        **more: What else belongs in the record.
    """
    record = {'kind': kind, 'complete': complete, **asdict(request), **more}
    write_file(folder / RECORD, (json.dumps(record, indent=2) + '\n').encode())
    write_file(folder / 'README.txt', readme.encode())


def claim_folder(folder: Path, kind: str, request: Request) -> bool:
    """Make sure that ``folder`` may hold the set: it is new, empty, or already holds this very set.

    Returns:
        Whether the folder is new or empty, so that a record must be written before anything else.

    Raises:
        FileExistsError: If it holds anything else. Nothing is changed then.
        NotADirectoryError: If it is a file.
    """
    remedy = f'Choose another folder, or remove {folder} first.'
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f'{folder} is a file, not a folder. Choose another folder.')
    if not folder.is_dir() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        return True
    if not (folder / RECORD).is_file():
        raise FileExistsError(f'{folder} is not empty and holds no {kind}. {remedy}')
    try:
        record = json.loads((folder / RECORD).read_text())
        known = record['kind'] == kind and 'complete' in record
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise FileExistsError(f'{folder / RECORD} is not a record of {kind}. {remedy}')
    differences = request.differences(record)
    if differences:
        raise FileExistsError(
            f'{folder} holds another generated set: {", ".join(differences)}. {remedy}'
        )
    return False
