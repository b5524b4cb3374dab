"""Quality against speed: ours, and the paper's in a panel of its own."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import paper
from .summary import NONE

Points = Mapping[str, tuple[float, Sequence[float]]]
"""By strategy: speed-up over no merging, and the change of the metric in every run."""


def draw_gains(
    ours: Points,
    quoted: Mapping[str, paper.Rows],
    metric: str,
    speed: str,
    path: Path,
) -> None:
    """Plot what every strategy changes in quality over what it gains in speed.

    Args:
        ours: Measured here; several runs get an error bar of a standard deviation.
        quoted: The paper's tables, by what they are of.
        metric: What changes, in percent.
        speed: What is faster.
        path: The PNG file to write.
    """
    others = {name: _points(rows, metric) for name, rows in quoted.items()}
    panels = {'measured here': ours, **{f"the paper's {n}": p for n, p in others.items() if p}}
    figure = Figure((4.6 * len(panels), 4), layout='constrained')
    for axis, (title, points) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        _draw_panel(axis, points)
        axis.set_title(title, fontsize=11, style='italic' if points is not ours else 'normal')
        axis.set(xlabel=f'{speed}, over no merging', ylabel=f'change of {metric}')
    figure.text(0.995, 0.005, f'paper: {paper.SOURCE}', ha='right', fontsize=4, color='0.4')
    figure.savefig(path, dpi=150)


def _draw_panel(axis: Axes, points: Points) -> None:
    axis.axhline(0, color='0.7', linewidth=0.8)
    axis.axvline(1, color='0.7', linewidth=0.8)
    for number, (strategy, (gain, changes)) in enumerate(points.items()):
        spread = statistics.stdev(changes) if len(changes) > 1 else None
        axis.errorbar(
            gain, statistics.fmean(changes), yerr=spread, fmt='o', color=f'C{number}', capsize=3
        )
        axis.annotate(
            strategy,
            (gain, statistics.fmean(changes)),
            xytext=(5, 5),
            textcoords='offset points',
            fontsize=9,
        )
    axis.margins(0.18)


def _points(rows: paper.Rows, metric: str) -> Points:
    base = rows[NONE][metric]
    return {
        strategy: (row[paper.SPEED_UP], [row[metric] - base])
        for strategy, row in rows.items()
        if metric in row and paper.SPEED_UP in row
    }
