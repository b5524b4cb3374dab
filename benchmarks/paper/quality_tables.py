"""What Tables II, III and IV have in common: quality beside speed, and the paper's beside ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from mmseg_tome.analysis.results import Result

from . import paper
from .plots import draw_gains
from .quality import Quality
from .report import Report
from .runs import Runs
from .summary import NONE, beside_the_paper, paper_rows


@dataclass(frozen=True)
class QualityTable:
    """What differs between these tables.

    Args:
        name: Of the files.
        number: The paper's.
        about: What is done with every strategy, for the title.
        metrics: Of quality, and what each is multiplied by.
        speeds: Of speed, in the paper's units.
        faster: What is faster, for the plot.
        quoted: The paper's numbers.
    """

    name: str
    number: str
    about: str
    metrics: Mapping[str, float]
    speeds: Sequence[str]
    faster: str
    quoted: Mapping[str, paper.Rows]


@dataclass(frozen=True)
class Speed:
    """The speed of every strategy, beside its quality.

    Args:
        shown: The table, with quality.
        raw: All single results, with quality.
        compared: By strategy, the columns of :attr:`QualityTable.speeds`.
        note: How it was measured, and where.
        results: The same as rows.
    """

    shown: pd.DataFrame
    raw: pd.DataFrame
    compared: Mapping[str, Mapping[str, float]]
    note: str
    results: Sequence[Result]


def quality_report(
    table: QualityTable,
    runs: Runs,
    heading: str,
    quality: Quality,
    speed: Speed | None,
    missing: Sequence[str],
    note: str = '',
) -> Report:
    """Write a table as far as it is.

    Args:
        table: Which one.
        runs: Config and options.
        heading: Over the table.
        quality: What tests reported.
        speed: None as long as it is not measured.
        missing: Names of results that are missing.
        note: Of the rows of quality.
    """
    quoted = {name: with_speed_up(rows) for name, rows in table.quoted.items()}
    ours = {name: dict(row) for name, row in quality.means().items()}
    for strategy, speeds in (speed.compared if speed else {}).items():
        ours.setdefault(strategy, {}).update(speeds)
    data = runs.data('test')
    quality_rows = quality.results(
        **{'experiment': table.name, **runs.recipe.subject, 'note': note},
        **{'height': data.height, 'width': data.width, 'dtype': 'fp32', 'mode': 'inference'},
    )
    raw = speed.raw if speed else quality.frame
    draw = None
    if speed:
        gains = {
            strategy: (ours[strategy][paper.SPEED_UP], changes)
            for strategy, changes in quality.changes().items()
        }
        metric = next(iter(table.metrics))
        draw = partial(draw_gains, gains, quoted, metric, table.faster)
    return Report(
        name=table.name,
        title=f'{table.name}: {table.about}, {runs.recipe.config.stem}',
        caption='\n\n'.join([quality.caption(), *([speed.note] if speed else [])]),
        tables=[(heading, speed.shown if speed else quality.table())],
        raw=pd.concat([raw.assign(source='ours'), paper_rows(table.quoted, table.number)]),
        results=[*quality_rows, *(speed.results if speed else ())],
        beside=[
            beside_the_paper(ours, quoted, metrics) for metrics in (table.metrics, table.speeds)
        ],
        paper_of=table.number,
        missing=missing,
        draw=draw,
    )


def with_speed_up(rows: paper.Rows) -> paper.Rows:
    """Add the paper's speed-up over no merging where it gives steps per second alone."""
    if 'steps/s' not in rows[NONE]:
        return rows
    base = rows[NONE]['steps/s']
    return {name: {**row, paper.SPEED_UP: row['steps/s'] / base} for name, row in rows.items()}
