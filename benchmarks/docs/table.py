"""A table of results as Markdown, with a caption that says where its values come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .cells import Cell, Row, Where, matches

_WORDS = ('device', 'threads', 'versions', 'commit', 'date')


@dataclass(frozen=True)
class Table:
    """How a table is laid out.

    Args:
        where: What picks its part of the results.
        columns: A cell by the heading of its column.
        rows: What picks each row, by what stands in its first columns.
        by: Instead of ``rows``: fields whose every combination, in the order of the file, is a row.
        head: Headings of the first columns, which name the rows.
        caption: What the caption says of the rows: any of ``'setting'`` (device, threads, versions,
            commit, date), ``'precision'`` (and batch) and ``'command'``.
        note: A sentence behind that.
    """

    where: Where
    columns: Mapping[str, Cell]
    rows: Mapping[str | tuple[str, ...], Where] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    head: tuple[str, ...] = ('',)
    caption: tuple[str, ...] = ('setting', 'precision', 'command')
    note: str = ''

    def render(self, results: Sequence[Row]) -> str:
        """The table and its caption.

        Raises:
            ValueError: If a cell is not unique, or a row or a column is empty: the description
                then asks for something that is not there.
        """
        results = [row for row in results if matches(row, self.where)]
        lines, sources, filled = [], [], set()
        for labels, where in self._rows(results):
            cells = []
            for heading, cell in self.columns.items():
                found = cell.find(results, {**self.where, **where})
                sources += found
                cells.append(cell.text(found))
                filled |= {heading} if found else set()
            if not any(cells):
                raise ValueError(f'no results for the row {labels}: {dict(where)}')
            lines.append([*labels, *cells])
        if empty := [heading for heading in self.columns if heading not in filled]:
            raise ValueError(f'no results for the columns {empty} of {dict(self.where)}')
        rule = ['---'] * len(self.head) + ['---:'] * len(self.columns)
        table = '\n'.join(
            f'| {" | ".join(line)} |' for line in ([*self.head, *self.columns], rule, *lines)
        )
        caption = ' '.join(filter(None, (caption_of(sources, self.caption), self.note)))
        return f'{table}\n\n{caption}' if caption else table

    def _rows(self, results: Sequence[Row]) -> list[tuple[tuple[str, ...], Where]]:
        if self.by:
            values = dict.fromkeys(tuple(row[name] for name in self.by) for row in results)
            return [(labels, dict(zip(self.by, labels, strict=True))) for labels in values]
        return [
            (labels if isinstance(labels, tuple) else (labels,), where)
            for labels, where in self.rows.items()
        ]


def caption_of(rows: Sequence[Row], parts: Sequence[str]) -> str:
    """Say where rows come from, in the order of ``parts``; what is not known is left out."""
    said = '; '.join(filter(None, (_PARTS[part](rows) for part in parts)))
    return f'{said}.' if said else ''


def _setting(rows: Sequence[Row]) -> str:
    settings = dict.fromkeys(tuple(row[name] for name in _WORDS) for row in rows)
    texts = []
    for device, threads, versions, commit, date in settings:
        threads = f'{threads} threads' if threads not in ('', '0') else ''
        # The others are in the file.
        torch = next((one for one in versions.split(', ') if one.startswith('torch ')), versions)
        commit = f'commit {commit}' if commit else ''
        texts.append(', '.join(filter(None, (device, threads, torch, commit, date))))
    return '; '.join(dict.fromkeys(texts))


def _precision(rows: Sequence[Row]) -> str:
    dtypes = ' and '.join(filter(None, dict.fromkeys(row['dtype'] for row in rows)))
    batches = ' and '.join(filter(None, dict.fromkeys(row['batch'] for row in rows)))
    return ', '.join(filter(None, (dtypes, f'batch {batches}' if batches else '')))


def _command(rows: Sequence[Row]) -> str:
    commands = dict.fromkeys(row['command'] for row in rows if row['command'])
    return ' and '.join(f'`{command}`' for command in commands)


_PARTS = {
    'setting': _setting,
    'precision': _precision,
    'command': _command,
}
