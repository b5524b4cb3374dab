"""The paper's formulas, counts and times of every stage, as bars."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure


def draw_complexity(label: str, stages: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Draw a panel of multiplications per strategy, and one of measured times.

    Args:
        label: Model and size.
        stages: By strategy, as :func:`stage_table` returns them.
        path: The PNG file to write.
    """
    figure = Figure((3.4 * (len(stages) + 1), 3.8), layout='constrained')
    *panels, times = figure.subplots(1, len(stages) + 1)
    for axis, (name, table) in zip(panels, stages.items(), strict=True):
        bars = [column for column in table if 'Eq.' in column] + ['counted']
        _draw_bars(axis, table['stage'], {bar: table[bar] for bar in bars})
        axis.set(title=name, yscale='log', xlabel='stage', ylabel='1e9 multiplications of a block')
    panels[0].legend(fontsize=6)
    _draw_bars(
        times,
        next(iter(stages.values()))['stage'],
        {name: table['attention ms'] for name, table in stages.items()},
    )
    times.set(title='measured', xlabel='stage', ylabel='ms of attention, with matching')
    times.legend(fontsize=6)
    figure.suptitle(label)
    figure.savefig(path, dpi=150)


def _draw_bars(axis, positions: pd.Series, bars: Mapping[str, Sequence[float]]) -> None:
    width = 0.8 / len(bars)
    for number, (name, heights) in enumerate(bars.items()):
        axis.bar(positions - 0.4 + width * (number + 0.5), heights, width, label=name)
    axis.set_xticks(positions)
