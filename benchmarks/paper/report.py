"""Writing a table: Markdown to paste, CSV, and a plot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mmseg_tome.analysis.report import write_report
from mmseg_tome.analysis.results import Result, write_csv

from . import paper

_WORDS = ('strategy', 'size', 'image')  # columns of words; the others are of numbers


@dataclass
class Report:
    """What a table says.

    Args:
        name: Of the files, such as 'table3'.
        title: A heading.
        caption: What it was measured on and with.
        tables: Ours: a sentence or heading, and the table.
        beside: Ours and the paper's side by side.
        paper_of: Which of the paper's tables that is, such as 'Table III'.
        raw: All single results, and the paper's, for the CSV.
        results: What was measured, as rows that ``benchmarks/results`` can hold.
        missing: Results that are not computed yet.
        draw: Writes the plot, once nothing is missing.
    """

    name: str
    title: str
    caption: str
    tables: Sequence[tuple[str, pd.DataFrame]]
    raw: pd.DataFrame
    results: Sequence[Result] = ()
    beside: Sequence[pd.DataFrame] = ()
    paper_of: str = ''
    missing: Sequence[str] = ()
    draw: Callable[[Path], None] | None = field(default=None, repr=False)

    @property
    def parts(self) -> list[str]:
        """The paragraphs and tables of the Markdown."""
        parts = [f'# {self.title}']
        if self.missing:
            parts.append(
                f'**Not finished**: {len(self.missing)} results are missing '
                f'({", ".join(self.missing[:6])}{", …" * (len(self.missing) > 6)}).'
            )
        for heading, table in self.tables:
            parts += [heading, _to_markdown(table)]
        parts.append(self.caption)
        if self.beside:
            parts += [
                f"Beside the paper's {self.paper_of}. Columns headed *paper* are quoted from it "
                f'({paper.SOURCE}; {paper.MACHINE}) and were not measured here; in parentheses, '
                'the change against no merging, each within its own column:',
                *map(_to_markdown, self.beside),
            ]
        return parts

    @property
    def markdown(self) -> str:
        """The whole of it."""
        return '\n\n'.join(self.parts) + '\n'

    def write(self, folder: Path) -> list[Path]:
        """Write ``<name>.md``, ``.csv``, ``.png`` and ``<name>-results.csv``, over earlier ones.

        They hold nothing that is not in the results that are kept.

        Returns:
            The paths of those that there are: without results, or as long as some are missing,
            there are fewer.
        """
        draw = None if self.missing else self.draw
        markdown, *plot = write_report(folder, self.name, self.parts, draw=draw)
        table, results = (folder / f'{self.name}{end}.csv' for end in ('', '-results'))
        self.raw.to_csv(table, index=False)
        if self.results:
            write_csv(self.results, results)
        return [markdown, table, *plot, *([results] if self.results else [])]


def _to_markdown(table: pd.DataFrame) -> str:
    # Rounded beforehand: tabulate would drop the zeros of texts that look like numbers.
    align = ['left' if column in _WORDS else 'right' for column in table]
    return table.to_markdown(index=False, disable_numparse=True, colalign=align)
