"""Take rows that a tool has written into benchmarks/results, in place of older ones."""

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from .docs.cells import Row
from .docs.results import FOLDER, HEADER, read

# What a row says of what was measured, and where; the rest is the outcome.
SUBJECT = (
    *('experiment', 'model', 'height', 'width', 'batch', 'dtype', 'mode', 'scope', 'dataset'),
    *('implementation', 'strategy', 'note', 'device', 'threads'),
)


def find(folder: Path) -> list[Row]:
    """The rows of all files below a folder, or of one file; files of other kinds are left out.

    Raises:
        ValueError: If there are none.
    """
    files = [folder] if folder.is_file() else sorted(folder.rglob('*.csv'))
    rows = [row for file in files if _header(file) == list(HEADER) for row in read(file)]
    if not rows:
        raise ValueError(f'{folder}: no CSV file with the columns of benchmarks/results')
    return rows


def merge(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Old rows with new ones in the places of those of the same subject.

    Of a subject that was measured anew, all older values go, of metrics that were not measured
    again too: they belong to other code. Of several new values of the same metric the last counts.
    """
    measured = {_of(row, SUBJECT) for row in new}
    kept = [row for row in old if row['source'] == 'paper' or _of(row, SUBJECT) not in measured]
    latest = {_of(row, (*SUBJECT, 'metric')): row for row in new}
    return [*kept, *latest.values()]


def collect(rows: Iterable[Row], into: Path = FOLDER, replace: bool = False) -> list[Path]:
    """Write rows into the files of their experiments.

    Args:
        rows: What was measured. Values that are not a number, of models that failed, are left out.
        into: The folder of results.
        replace: Whether all that these files hold is dropped, as of another machine.

    Returns:
        The files that were written.

    Raises:
        ValueError: If a row does not say by which commit it was measured, or by one with changes
            that were not committed: nobody could measure it again.
    """
    by_file: dict[Path, list[Row]] = {}
    for row in rows:
        if row['source'] == 'measured' and (not row['commit'] or 'dirty' in row['commit']):
            raise ValueError(
                f'{row["experiment"]}: measured by commit {row["commit"] or "unknown"!r}; '
                'commit your changes, and measure again'
            )
        if row['value'] not in ('', 'nan'):
            by_file.setdefault(into / f'{row["experiment"]}.csv', []).append(row)
    for path, new in by_file.items():
        with_new = merge(read(path) if path.exists() and not replace else [], new)
        with path.open('w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, HEADER, lineterminator='\n')
            writer.writeheader()
            writer.writerows(with_new)
    return list(by_file)


def _header(path: Path) -> list[str]:
    with path.open(newline='', encoding='utf-8') as file:
        return next(csv.reader(file), [])


def _of(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.collect', description=__doc__)
    add = parser.add_argument
    add('folder', type=Path, nargs='+', help='what --out of the tool was, or a CSV file')
    add('--experiment', metavar='NAME', help='another name than the one in the rows')
    add('--replace', action='store_true', help='drop all older rows of these experiments')
    args = parser.parse_args()
    try:
        rows = [row for folder in args.folder for row in find(folder)]
        if args.experiment:
            rows = [{**row, 'experiment': args.experiment} for row in rows]
        written = collect(rows, replace=args.replace)
    except ValueError as error:
        sys.exit(str(error))
    print(*written, sep='\n')


if __name__ == '__main__':
    main()
