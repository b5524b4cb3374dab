"""Quality against speed: ours, and the paper's in a panel of its own."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import SymmetricalLogLocator

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
    colors = {name: f'C{n}' for n, name in enumerate({k: 0 for p in panels.values() for k in p})}
    figure = Figure((3.8 * len(panels), 4.2), layout='constrained')
    for axis, (title, points) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        _draw_panel(axis, points, colors)
        axis.set_title(title, fontsize=11, style='normal' if points is ours else 'italic')
        axis.set(xlabel=f'{speed}, over no merging', ylabel=f'change of {metric}')
    handles = [Line2D([], [], marker='o', ls='', color=c, label=n) for n, c in colors.items()]
    figure.legend(handles=handles, loc='outside upper center', ncols=len(handles), frameon=False)
    figure.supxlabel(f"The paper's: {paper.SOURCE}", fontsize=6, color='0.4')
    figure.savefig(path, dpi=150)


def _draw_panel(axis: Axes, points: Points, colors: Mapping[str, str]) -> None:
    axis.axhline(0, color='0.7', linewidth=0.8)
    axis.axvline(1, color='0.7', linewidth=0.8)
    for strategy, (gain, changes) in points.items():
        spread = statistics.stdev(changes) if len(changes) > 1 else None
        mean = statistics.fmean(changes)
        axis.errorbar(gain, mean, yerr=spread, fmt='o', color=colors[strategy], capsize=3)
    # Strategies lie close together beside downsampling, which is far off in both.
    axis.set_xscale('log', base=2)
    axis.xaxis.set_major_formatter('{x:g}')
    axis.set_yscale('symlog', linthresh=0.5)
    axis.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=0.5, subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter('{x:g}')
    axis.margins(0.12)


def _points(rows: paper.Rows, metric: str) -> Points:
    base = rows[NONE][metric]
    return {
        strategy: (row[paper.SPEED_UP], [row[metric] - base])
        for strategy, row in rows.items()
        if metric in row and paper.SPEED_UP in row
    }
