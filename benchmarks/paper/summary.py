"""From single results to the rows of a table: means, spreads, and the paper's beside ours."""

import math
import statistics
from collections.abc import Mapping, Sequence

import pandas as pd

from . import paper

NONE = 'none'  # what strategies are compared with
_MINUS = '−'
_PER_CLASS = 'IoU/'
_QUALITY = ('mIoU', 'PCK')  # metrics of which the change is shown


def mean_and_spread(values: Sequence[float], digits: int = 2) -> str:
    """'61.20', or of several '61.20 ± 0.31': mean and standard deviation (of a sample)."""
    if not values or any(math.isnan(value) for value in values):
        return '–'
    mean = f'{statistics.fmean(values):.{digits}f}'
    return mean if len(values) < 2 else f'{mean} ± {statistics.stdev(values):.{digits}f}'


def changes(results: pd.DataFrame, metric: str) -> dict[str, list[float]]:
    """By strategy, the change against no merging, run by run.

    Args:
        results: Columns ``strategy``, ``run`` (the seed, or the checkpoint) and the metric.
        metric: A column.
    """
    table = results.pivot(index='run', columns='strategy', values=metric)
    return {
        strategy: (table[strategy] - table[NONE]).dropna().tolist()
        for strategy in results['strategy'].unique()
    }


def select_metrics(metrics: Mapping[str, float], shown: Mapping[str, float]) -> dict[str, float]:
    """Of what a test reports, the metrics of a table and the IoU of small classes.

    Args:
        metrics: As ``mim test`` reports them.
        shown: The table's metrics, and what each is multiplied by; what a dataset does not
            report (ADE20K has no small classes) is left out.
    """
    classes = {name: 1 for name in metrics if is_per_class(name)}
    return {
        name: factor * metrics[name]
        for name, factor in {**shown, **classes}.items()
        if name in metrics
    }


def is_per_class(metric: str) -> bool:
    """Whether a metric is of a single class."""
    return metric.startswith(_PER_CLASS)


def means(results: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The mean of every metric over the runs, by strategy."""
    grouped = results.drop(columns='run').groupby('strategy', sort=False)
    return grouped.mean().T.to_dict()


def quality_columns(results: pd.DataFrame) -> pd.DataFrame:
    """A row per strategy: every metric and how it changes, with spreads over the runs.

    Args:
        results: As for :func:`changes`, with all metrics.
    """
    rows = {}
    for strategy, runs in results.groupby('strategy', sort=False):
        row = {}
        for metric in results.columns.drop(['strategy', 'run']):
            row[metric] = mean_and_spread(runs[metric].tolist())
            if not is_per_class(metric):
                row[f'Δ {metric}'] = (
                    '' if strategy == NONE else signed(changes(results, metric)[strategy])
                )
        rows[strategy] = row
    return pd.DataFrame.from_dict(rows, orient='index').rename_axis('strategy').reset_index()


def signed(values: Sequence[float]) -> str:
    """'−0.12 ± 0.05', with the sign of the mean."""
    text = mean_and_spread(values)
    if text == '–':
        return text
    return text.replace('-', _MINUS, 1) if text.startswith('-') else f'+{text}'


def beside_the_paper(
    ours: Mapping[str, Mapping[str, float]],
    tables: Mapping[str, paper.Rows],
    metrics: Sequence[str],
) -> pd.DataFrame:
    """Our means and the paper's numbers, side by side, with what each strategy changes.

    Args:
        ours: Means by strategy and metric.
        tables: The paper's, by what they are of.
        metrics: What to compare.

    Returns:
        One column for every metric and source that has numbers for it; the paper's are called
        'paper …'. A row for every strategy that any of them has numbers for.
    """
    sources = {'ours': ours, **{f'paper {name}': rows for name, rows in tables.items()}}
    order = dict.fromkeys(strategy for rows in sources.values() for strategy in rows)
    frame = pd.DataFrame({'strategy': list(order)})
    for metric in metrics:
        for source, rows in sources.items():
            cells = [_with_change(rows, strategy, metric) for strategy in order]
            if any(cell != '–' for cell in cells):
                frame[f'{metric}, {source}'] = cells
    return frame[(frame.drop(columns='strategy') != '–').any(axis=1)]


def _with_change(rows: Mapping[str, Mapping[str, float]], strategy: str, metric: str) -> str:
    value = rows.get(strategy, {}).get(metric)
    if value is None or math.isnan(value):
        return '–'
    base = rows.get(NONE, {}).get(metric)
    if not metric.startswith(_QUALITY) or strategy == NONE or base is None:
        return f'{value:.2f}'
    return f'{value:.2f} ({signed([value - base])})'


def paper_rows(tables: Mapping[str, paper.Rows], number: str) -> pd.DataFrame:
    """The paper's numbers for a CSV, each marked with where it is from."""
    return pd.DataFrame(
        {'source': f'paper, {number}: {name}', 'strategy': strategy, **values}
        for name, rows in tables.items()
        for strategy, values in rows.items()
    )
