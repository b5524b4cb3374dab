"""All plots of results, by their files in ``docs/images``."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .cells import Row, matches
from .plot import Plot, Series
from .tables.performance import COMPARED, EPYC, NONE, SIZES, STOCK, inference, size, speed_up

_STYLES = {
    'fused none': ('x:', 'C0', 'stock with fused attention'),
    'published hq': ('o:', 'C1', 'hq, published method'),
    'ours none': ('o-', 'C0', 'none'),
    'ours hq': ('o-', 'C1', 'hq'),
    'ours fast': ('o-', 'C2', 'fast'),
    'ours n2d_2x2': ('o-', 'C3', 'n2d_2x2'),
    'ours hq_weighted': ('s--', 'C1', 'hq_weighted'),
    'ours fast_weighted': ('s--', 'C2', 'fast_weighted'),
    'ours balanced': ('D-', 'C4', 'balanced'),
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
    'hq_weighted': ('s', '#56B4E9'),
    'fast_weighted': ('D', '#E69F00'),
    'balanced': ('*', '#CC79A7'),
    'auto': ('P', '#56B4E9'),
}
_FRONT_COLOR = '#E69F00'


def _search(experiment: str, results: Sequence[Row]) -> Series:
    rows = [row for row in results if matches(row, {'experiment': experiment})]
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
            number = setting.removeprefix('front-')
            marker, color = _MARKERS.get(setting, (f'${number}$', _FRONT_COLOR))
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


# Where agreement was measured, and the images whose time is beside it.
_FRONTS = {
    'CamVid, 480×360': ('camvid', 480, 360),
    'generated streets, 1024×512': ('streets', 1024, 512),
}


def _front(results: Sequence[Row]) -> Series:
    series = {}
    for title, (dataset, width, height) in _FRONTS.items():
        series[title] = {}
        asked = {'experiment': 'without-retraining', 'dataset': dataset, 'metric': 'agreement'}
        for row in results:
            strategy = row['strategy']
            if not matches(row, asked) or strategy == 'downsample':
                continue
            where = inference(EPYC, model='b0', **size(width, height), implementation='ours')
            cell = speed_up(NONE)
            found = cell.find(results, {**where, 'strategy': strategy})
            time = 1 / float(cell.text(found)) if strategy != 'none' else 1.0
            series[title][strategy] = [time, float(row['value'])]
    return series


def _draw_front(data: Series, path: Path, metadata: Mapping[str, str]) -> None:
    figure = Figure((10, 4.2), layout='constrained')
    axes = figure.subplots(1, len(data))
    for axis, (title, points) in zip(axes, data.items(), strict=True):
        for strategy, (time, agreement) in points.items():
            marker, color = _MARKERS[strategy]
            axis.plot(
                time, agreement, marker, color=color, markersize=9, label=strategy, clip_on=False
            )
        axis.set(xlabel="time, % of the unmerged model's", title=title)
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axis.grid(alpha=0.25)
    axes[0].set_ylabel('pixels of the same class as unmerged (%)')
    figure.legend(*axes[0].get_legend_handles_labels(), loc='outside right', fontsize='small')
    figure.savefig(path, dpi=110, metadata=metadata)


PLOTS = {
    'front.png': Plot(_front, _draw_front),
    'speedup.png': Plot(_speed_ups, _draw_speed_ups),
    **{
        f'{name}.png': Plot(partial(_search, name), _draw_search)
        for name in ('search-camvid', 'search-streets')
    },
}
