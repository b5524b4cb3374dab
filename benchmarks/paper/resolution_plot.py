"""Speed-ups over the number of pixels: ours, the published method's, and the paper's."""

import math
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from . import paper


def draw_resolutions(table: pd.DataFrame, variant: str, path: Path) -> None:
    """Draw ours, the published method as measured here, and the paper's.

    Args:
        table: As :func:`speed_ups` returns it.
        variant: ``'b0'`` to ``'b5'``.
        path: The PNG file to write.
    """
    colors = {name: f'C{n}' for n, name in enumerate(table['strategy'].unique())}
    panels = {
        f'{variant.upper()}, {source}': {
            strategy: dict(zip(rows['size'], rows[source], strict=True))
            for strategy, rows in table.groupby('strategy', sort=False)
        }
        for source in table
        if source.startswith(('ours', 'published'))
    }
    quoted = {f"the paper's {name}, over its none": rows for name, rows in paper.TABLE_5.items()}
    figure = Figure((3.8 * len(panels | quoted), 3.8), layout='constrained')
    axes = figure.subplots(1, len(panels | quoted))
    for axis, (title, lines) in zip(axes, (panels | quoted).items(), strict=True):
        for strategy, gains in lines.items():
            points = sorted((_pixels(s), gain) for s, gain in gains.items() if not pd.isna(gain))
            color = colors.setdefault(strategy, f'C{len(colors)}')
            if points:
                axis.plot(*zip(*points, strict=True), 'o-', color=color, label=strategy)
        axis.axhline(1, color='0.6', linewidth=0.8)
        axis.set(xscale='log', ylim=(0, None))
        axis.minorticks_off()
        sizes = list(dict.fromkeys(size for gains in lines.values() for size in gains))
        axis.set_xticks(list(map(_pixels, sizes)), sizes, rotation=30, fontsize=8)
        axis.set_title(title, fontsize=10, style='italic' if title in quoted else 'normal')
        axis.legend(fontsize=7)
    figure.supxlabel(f"The paper's: {paper.SOURCE}", fontsize=6, color='0.4')
    figure.savefig(path, dpi=150)


def _pixels(size: str) -> int:
    return math.prod(map(int, size.split('x')))
