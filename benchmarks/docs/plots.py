"""All plots of results, by their files in ``docs/images``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .cells import Row, matches
from .plot import Plot, Series
from .tables.performance import COMPARED, EPYC, SIZES, STOCK, inference, size, speed_up

_STYLES = {
    'fused none': ('x:', 'C0', 'stock with fused attention'),
    'published hq': ('o:', 'C1', 'hq, published method'),
    'ours none': ('o-', 'C0', 'none'),
    'ours hq': ('o-', 'C1', 'hq'),
    'ours fast': ('o-', 'C2', 'fast'),
    'ours n2d_2x2': ('o-', 'C3', 'n2d_2x2'),
}


def _speed_ups(results: Sequence[Row]) -> Series:
    series = {}
    for name, model in COMPARED.items():
        texts = []
        for pixels in SIZES.values():
            where = inference(EPYC, model='b0', **size(*pixels), **model)
            cell = speed_up(STOCK)
            texts.append(float(cell.text(cell.find(results, where))))
        series[name] = {'sizes': list(SIZES), 'speed-up': texts}
    return series


def _draw_speed_ups(data: Series, path: Path, metadata: Mapping[str, str]) -> None:
    figure = Figure((5.5, 4.2), layout='constrained')
    axis = figure.subplots()
    pixels = [width * height / 1e6 for width, height in SIZES.values()]
    for name, line in data.items():
        style, color, label = _STYLES[name]
        axis.plot(pixels, line['speed-up'], style, color=color, label=label)
    axis.axhline(1, color='black', linewidth=0.8)
    axis.set(
        title='B0, fp32, inference, batch 1',
        xlabel='image',
        ylabel='speed-up over stock',
        xscale='log',
        ylim=(0, None),
    )
    axis.set_xticks(pixels, list(SIZES))
    axis.minorticks_off()
    axis.legend(fontsize='small')
    figure.savefig(path, dpi=150, metadata=metadata)


_SEARCH = {
    'time': 'time over none',
    'searched on': 'mIoU, searched on',
    'held out': 'mIoU, held out',
}
# Okabe and Ito's colors, told apart by color-blind people too; a marker each besides.
_MARKERS = {
    'none': ('o', 'black'),
    'hq': ('s', '#0072B2'),
    'fast': ('D', '#D55E00'),
    'n2d_2x2': ('^', '#009E73'),
    'auto': ('P', '#56B4E9'),
    'front-01': ('<', '#E69F00'),
    'front-02': ('*', '#E69F00'),
    'front-04': ('>', '#E69F00'),
}


def _search(results: Sequence[Row]) -> Series:
    rows = [row for row in results if matches(row, {'experiment': 'search-camvid'})]
    series = {}
    for row in rows:
        for name, metric in _SEARCH.items():
            # So much faster and worse that the rest would be a spot.
            if row['metric'] == metric and row['strategy'] != 'downsample':
                point = series.setdefault(row['strategy'], {})
                point[name] = float(row['value'])
                if name == 'time' and row['low']:
                    point['quartiles'] = [float(row['low']), float(row['high'])]
    return series


def _draw_search(data: Series, path: Path, metadata: Mapping[str, str]) -> None:
    figure = Figure((11, 4.6), layout='constrained')
    axes = figure.subplots(1, 2, sharex=True)
    titles = ('images searched on', 'held-out images (bars: quartiles of the time)')
    for axis, name, title in zip(axes, ('searched on', 'held out'), titles, strict=True):
        bars = name == 'held out'
        for setting, point in data.items():
            marker, color = _MARKERS[setting]
            low, high = point.get('quartiles', (point['time'], point['time']))
            axis.errorbar(
                point['time'],
                point[name],
                xerr=[[point['time'] - low], [high - point['time']]] if bars else None,
                marker=marker,
                color=color,
                linestyle='none',
                elinewidth=0.8,
                markersize=8,
                label=setting,
            )
        axis.set(xlabel="time, % of the unmerged model's", ylabel='mIoU (%)', title=title)
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axis.grid(alpha=0.25)
    figure.legend(*axes[0].get_legend_handles_labels(), loc='outside right', fontsize='small')
    figure.savefig(path, dpi=110, metadata=metadata)


PLOTS = {
    'speedup.png': Plot(_speed_ups, _draw_speed_ups),
    'search-camvid.png': Plot(_search, _draw_search),
}
