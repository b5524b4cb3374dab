"""The rows of benchmarks, kept as CSV, so that runs go on where they stopped."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from .implementations import Column
from .provenance import provenance
from .workload import Cell

CSV = 'benchmark.csv'
_NUMBERS = ['seconds_per_image', 'lower_quartile', 'upper_quartile', 'saved_bytes', 'peak_bytes']


def load(folder: Path) -> pd.DataFrame:
    """Read the rows measured so far; none if there is no file.

    ``images`` is what was asked for: the batch, or ``'auto'``.
    """
    path = folder / CSV
    if not path.exists():
        return pd.DataFrame()
    frame = pd.read_csv(path, keep_default_na=False)
    for name in _NUMBERS:
        frame[name] = pd.to_numeric(frame[name], errors='coerce')
    return frame.assign(images=frame['batch'].astype(str).mask(frame['batch_is_auto'], 'auto'))


def append(folder: Path, rows: list[dict]) -> None:
    """Add the rows of one cell, with their provenance, to the file.

    Raises:
        ValueError: If the file has other columns, as one of an older version.
    """
    frame = pd.DataFrame(
        {
            **{('device_type' if k == 'device' else k): v for k, v in row.items()},
            **provenance(row['device']),
        }
        for row in rows
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CSV
    if path.exists() and list(pd.read_csv(path, nrows=0)) != list(frame):
        raise ValueError(f'{path} has other columns than rows of this version: give another folder')
    frame.to_csv(path, mode='a', index=False, header=not path.exists())


def find(frame: pd.DataFrame, cell: Cell, repeats: int) -> pd.DataFrame:
    """The rows of a cell that were measured on this device by this commit and torch."""
    if frame.empty:
        return frame
    wanted = {
        'variant': cell.variant,
        'height': cell.height,
        'width': cell.width,
        'dtype': cell.dtype,
        'device_type': cell.device,
        'train': cell.train,
        'backbone_only': cell.backbone_only,
        'repeats': repeats,
        'images': cell.batch,
        **{k: v for k, v in provenance(cell.device).items() if k != 'date'},
    }
    matches = pd.Series(True, index=frame.index)
    for key, value in wanted.items():
        matches &= frame[key].astype(str) == str(value)
    return frame[matches]


def is_done(frame: pd.DataFrame, cell: Cell, columns: Sequence[Column], repeats: int) -> bool:
    """Whether there is a row for all of the models; of those that failed, too."""
    rows = find(frame, cell, repeats)
    names = set() if rows.empty else set(rows['make'] + ' ' + rows['strategy'])
    return names.issuperset(map(str, columns))
