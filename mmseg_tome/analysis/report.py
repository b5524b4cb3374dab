"""The one writer of reports: Markdown to read and paste, CSV of results, and a plot.

>>> write_report(folder, 'kernels', ['# Kernels', caption([where]), frame], results)
[PosixPath('…/kernels.md'), PosixPath('…/kernels.csv')]
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from .results import HEADER, Result, write_csv

_MARK = '<!-- Written by mmseg_tome, and again with every report of this name. -->'


def write_report(
    folder: Path,
    name: str,
    parts: Sequence[str | pd.DataFrame],
    results: Sequence[Result] = (),
    draw: Callable[[Path], None] | None = None,
    plot: str = '',
) -> list[Path]:
    """Write ``<name>.md``, ``<name>.csv`` and ``<name>.png``, in place of an earlier report.

    Args:
        folder: Where to write; made if it is not there.
        name: Of the files.
        parts: Texts and tables of the Markdown, in order.
        results: Rows of the CSV; none is written without any.
        draw: Draws the plot into the file that it is given; none is drawn without it.
        plot: Name of the plot without suffix, if not that of the report.

    Returns:
        The paths of what was written.

    Raises:
        FileExistsError: If one of the files is there, and not from a report of this project.
    """
    markdown, table = folder / f'{name}.md', folder / f'{name}.csv'
    picture = folder / f'{plot or name}.png'
    is_ours = markdown.exists() and _is_report(markdown.read_text(encoding='utf-8'), name)
    wanted = [markdown, *([table] if results else []), *([picture] if draw else [])]
    for path in wanted:
        if path.exists() and not (is_ours or _is_table_of_results(path)):
            raise FileExistsError(f'{path} is there, and is no report of ours: give another folder')
    folder.mkdir(parents=True, exist_ok=True)
    markdown.write_text(join([*parts, _MARK]), encoding='utf-8')
    if results:
        write_csv(results, table)
    if draw:
        draw(picture)
    return wanted


def join(parts: Sequence[str | pd.DataFrame]) -> str:
    """Texts and tables as one Markdown text."""
    texts = [part if isinstance(part, str) else to_markdown(part) for part in parts]
    return '\n\n'.join(texts) + '\n'


def to_markdown(table: pd.DataFrame) -> str:
    """A table in Markdown, texts to the left and numbers to the right, as rounded beforehand.

    Numbers that are written out as texts, such as ``'+0.50'``, stay as they are.
    """
    alignments = [_alignment(table[name]) for name in table] if len(table) else []
    texts = [n for n, alignment in enumerate(alignments) if alignment != 'decimal']
    return table.to_markdown(index=False, disable_numparse=texts, colalign=alignments)


def _alignment(column: pd.Series) -> str:
    if is_numeric_dtype(column):
        return 'decimal'
    texts = column[column != '']
    are_numbers = len(texts) and pd.to_numeric(texts, errors='coerce').notna().all()
    return 'right' if are_numbers else 'left'


def _is_report(text: str, name: str) -> bool:
    """Whether a file is a report; those without the mark, of earlier versions, begin so."""
    return _MARK in text or text.lower().startswith(f'# {name.lower()}')


def _is_table_of_results(path: Path) -> bool:
    if path.suffix != '.csv':
        return False
    with path.open(encoding='utf-8') as file:
        return file.readline().strip() == ','.join(HEADER)
