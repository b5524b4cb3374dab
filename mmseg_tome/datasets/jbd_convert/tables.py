"""Reading a CSV file as lines with numbers; what is wrong with the file as a whole is raised."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from ..jbd_format import (
    BOX_COLUMNS,
    BOX_DELIMITER,
    KEYPOINT_COLUMNS,
    KEYPOINT_DELIMITER,
)
from .problems import Problem

_DELIMITERS = {';': 'semicolons', ',': 'commas', '\t': 'tabs', '|': 'bars'}
_COUNT = re.compile(r'#\s*(\d+)[\s;]*')

Line = tuple[int, dict[str, str]]  # number of the line, from 1, and its values by column


def read_keypoint_table(path: Path, problems: list[Problem]) -> list[Line]:
    """The rows of a keypoint file, with the count of its first line checked.

    Raises:
        ValueError: If the file has no count or not the columns that JBD has.
        OSError: If it cannot be read.
    """
    text = _read(path)
    first = text.split('\n', 1)[0].strip()
    count = _COUNT.fullmatch(first)
    if count is None:
        raise ValueError(
            f'{path}:1: the first line is {_shorten(first)}; it must be # and the number of rows, '
            'like #1234'
        )
    rows = 0
    found = []
    for number, values in _lines(path, text, KEYPOINT_DELIMITER, KEYPOINT_COLUMNS):
        rows += 1
        if isinstance(values, str):
            problems.append(Problem(path, number, values))
        else:
            found.append((number, values))
    if rows != int(count[1]):
        reason = f'the count is #{count[1]}, but {rows} rows follow; the file may be cut off'
        problems.append(Problem(path, 1, reason))
    return found


def read_box_table(path: Path, problems: list[Problem]) -> list[Line]:
    """The rows of a box file.

    Raises:
        ValueError: If the file has not the columns that JBD has.
        OSError: If it cannot be read.
    """
    found = []
    for number, values in _lines(path, _read(path), BOX_DELIMITER, BOX_COLUMNS):
        if isinstance(values, str):
            problems.append(Problem(path, number, values))
        else:
            found.append((number, values))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not UTF-8 text ({error}); save it as UTF-8') from None


def _lines(
    path: Path, text: str, delimiter: str, columns: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Lines after the header; in place of values that do not fit the columns, the reason."""
    header = None
    for number, line in enumerate(text.split('\n'), 1):
        if not line.strip() or line.startswith('#'):  # as the published readers do
            continue
        values = [value.strip() for value in next(csv.reader([line], delimiter=delimiter))]
        if header is None:
            header = values
            _check_header(path, number, line, header, delimiter, columns)
        elif len(values) != len(header):
            yield number, f'{len(values)} values where the header has {len(header)}'
        else:
            yield number, dict(zip(header, values, strict=True))
    if header is None:
        raise ValueError(f'{path} has no header; it must name the columns {_list(columns)}')


def _check_header(
    path: Path,
    number: int,
    line: str,
    header: list[str],
    delimiter: str,
    columns: tuple[str, ...],
) -> None:
    where = f'{path}:{number}'
    for other, name in _DELIMITERS.items():
        if len(header) == 1 and other != delimiter and line.count(other) >= len(columns) - 1:
            raise ValueError(
                f'{where}: values are separated by {name}; JBD separates them by '
                f'{_DELIMITERS[delimiter]}'
            )
    missing = [column for column in columns if column not in header]
    unknown = [column for column in header if column not in columns]
    double = sorted({column for column in header if header.count(column) > 1})
    faults = [
        f'{what} {_list(names)}'
        for what, names in (('lacks', missing), ('has the unknown', unknown), ('repeats', double))
        if names
    ]
    if faults:
        raise ValueError(
            f'{where}: the header {" and ".join(faults)}; its {len(columns)} columns must be '
            f'{_list(columns)}'
        )


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ', '.join(map(_shorten, names))


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + '…')
