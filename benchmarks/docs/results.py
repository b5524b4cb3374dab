"""Reading ``benchmarks/results``: one file per experiment, one row per measured value."""

import csv
from pathlib import Path

from mmseg_tome.analysis.results import HEADER

from .cells import Row

FOLDER = Path(__file__).resolve().parents[1] / 'results'


def read(path: Path) -> list[Row]:
    """The rows of a file.

    Raises:
        ValueError: If it has other columns.
    """
    with path.open(newline='', encoding='utf-8') as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != HEADER:
            raise ValueError(f'{path}: its columns are {reader.fieldnames}; expected {HEADER}')
        return list(reader)


def load(folder: Path = FOLDER) -> list[Row]:
    """All rows of a folder, in the order of its files' names."""
    return [row for path in sorted(folder.glob('*.csv')) for row in read(path)]
