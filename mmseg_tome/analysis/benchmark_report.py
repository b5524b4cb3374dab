"""The results of benchmarks as tables in the paper's layout, and as a plot."""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from ..strategies import PRESETS
from .benchmark import SECONDS
from .provenance import caption
from .report import write_report
from .results import Result, to_frame
from .workload import describe

_WORKLOAD = ['model', 'height', 'width', 'dtype', 'mode', 'scope', 'batch']
_MODEL = ['implementation', 'strategy']
_WHERE = ['device', 'threads', 'versions']


def one_row_per_model(results: Iterable[Result]) -> pd.DataFrame:
    """Rows of metrics as one row per workload and model.

    Returns:
        Beside the columns of workload, model and provenance: ``seconds_per_image``, ``low`` and
        ``high`` (quartiles), ``note``, ``images`` (the batch that was measured), ``saved_bytes``
        and ``peak_bytes``. Where something was measured several times, the last counts.
    """
    frame = to_frame(results)
    same = [*_WORKLOAD, *_MODEL, *_WHERE]
    frame = frame.drop_duplicates([*same, 'metric'], keep='last')
    rows = frame[frame['metric'] == SECONDS].rename(columns={'value': SECONDS})
    for name in ('batch', 'saved_bytes', 'peak_bytes'):
        values = frame[frame['metric'] == name].set_index(same)['value'].to_dict()
        keys = rows[same].itertuples(index=False, name=None)
        rows['images' if name == 'batch' else name] = [values.get(key, math.nan) for key in keys]
    chosen = rows['images'].fillna(pd.to_numeric(rows['batch'], errors='coerce'))
    return rows.assign(images=chosen).drop(columns='metric').reset_index(drop=True)


def with_speed_ups(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what every model gains over stock, over stock with fused attention, and over ours.

    Args:
        frame: As :func:`one_row_per_model` returns it. Ratios are taken within a workload.
    """
    cells = [*_WORKLOAD, *_WHERE]
    frame = frame.copy()
    for name, implementation, strategy in (
        ('over_stock', 'stock', 'none'),
        ('over_fused', 'fused', 'none'),
        ('over_unmerged', 'ours', 'none'),
    ):
        base = frame[(frame['implementation'] == implementation) & (frame['strategy'] == strategy)]
        base = base.set_index(cells)['seconds_per_image'].to_dict()
        keys = frame[cells].itertuples(index=False, name=None)
        frame[name] = [base.get(key, float('nan')) for key in keys] / frame['seconds_per_image']
    published = frame[frame['implementation'].isin(['published', 'stock'])].set_index(
        [*cells, 'strategy']
    )
    published = published['seconds_per_image'].to_dict()
    keys = frame[[*cells, 'strategy']].itertuples(index=False, name=None)
    frame['over_published'] = [published.get(key, float('nan')) for key in keys] / frame[
        'seconds_per_image'
    ]
    return frame


def workload_table(frame: pd.DataFrame) -> pd.DataFrame:
    """One workload's models, a row each: milliseconds per image, gains, memory."""
    table = pd.DataFrame(
        {
            'model': frame['implementation'] + ' ' + frame['strategy'],
            'batch': frame['images'].map('{:.0f}'.format).replace('nan', ''),
            'ms': (1000 * frame['seconds_per_image']).round(1),
            'spread': [
                f'{1000 * low:.1f} to {1000 * high:.1f}'
                for low, high in zip(frame['low'], frame['high'], strict=True)
            ],
            'over stock': frame['over_stock'].round(2),
            'over stock, fused': frame['over_fused'].round(2),
            'over published': frame['over_published'].round(2),
            'over ours unmerged': frame['over_unmerged'].round(2),
        }
    )
    for column, name in (('saved_bytes', 'saved MiB'), ('peak_bytes', 'peak MiB')):
        if frame[column].notna().any():
            table[name] = (frame[column] / 2**20).round(0)
    if frame['note'].any():
        table['note'] = frame['note']
    return table


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """A line per workload: what merging gains over stock, over the published method and ours."""
    lines = []
    for key, rows in frame.groupby(_WORKLOAD, sort=False):
        rows = rows.set_index(_MODEL)
        seconds = rows['seconds_per_image']
        workload = dict(zip(_WORKLOAD, key, strict=True))
        line = {
            'model': workload['model'].upper(),
            'size': f'{workload["width"]}x{workload["height"]}',
            'what': describe(workload['mode'], workload['scope']),
            'dtype': workload['dtype'],
            'batch': workload['batch'],
        }
        for name, ours, other in _RATIOS:
            line[name] = seconds.get(other, float('nan')) / seconds.get(ours, float('nan'))
        failed = [f'{" ".join(model)}: {note}' for model, note in rows['note'].items() if note]
        lines.append({**line, 'not measured': '; '.join(failed)})
    table = pd.DataFrame(lines).round(2)
    return table if table['not measured'].any() else table.drop(columns='not measured')


_RATIOS = [
    ('hq / stock', ('ours', 'hq'), ('stock', 'none')),
    ('hq / published', ('ours', 'hq'), ('published', 'hq')),
    ('hq / none', ('ours', 'hq'), ('ours', 'none')),
    ('fast / stock', ('ours', 'fast'), ('stock', 'none')),
    ('none / fused', ('ours', 'none'), ('fused', 'none')),
    ('graphs: hq / stock', ('graphed', 'hq'), ('stock', 'none')),
    ('graphs: hq / none', ('graphed', 'hq'), ('graphed', 'none')),
]


def table_v(frame: pd.DataFrame) -> pd.DataFrame:
    """The paper's Table V: speed-up over stock, a row per model and a column per size."""
    frame = frame[frame['implementation'] != 'stock']
    frame = frame.assign(
        size=[f'{w}x{h}' for w, h in zip(frame['width'], frame['height'], strict=True)],
        model=frame['implementation'] + ' ' + frame['strategy'],
    )
    sizes = frame.assign(area=frame['width'] * frame['height']).sort_values('area')['size'].unique()
    table = frame.pivot_table('over_stock', 'model', 'size', sort=False)
    table = table.reindex(columns=list(sizes))  # a size where stock does not fit has no speed-ups
    return table.round(2).reset_index()


def draw(frame: pd.DataFrame, path: Path) -> None:
    """Plot the speed-up over resolution, a line per strategy: ours, and the published ones thin."""
    groups = list(frame.groupby(['model', 'dtype', 'mode', 'scope', 'batch'], sort=False))
    wide = min(len(groups), 4)
    high = -(-len(groups) // wide)
    figure, axes = plt.subplots(
        high, wide, figsize=(5.5 * wide, 4.2 * high), squeeze=False, layout='constrained'
    )
    for axis in axes.flat[len(groups) :]:
        axis.remove()
    for axis, ((model, dtype, mode, scope, batch), rows) in zip(axes.flat, groups, strict=False):
        _draw_lines(axis, rows)
        axis.set_title(f'{model.upper()}, {dtype}, {describe(mode, scope)}, batch {batch}')
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_lines(axis: Axes, rows: pd.DataFrame) -> None:
    rows = rows.assign(pixels=rows['width'] * rows['height'] / 1e6).sort_values('pixels')
    for number, strategy in enumerate(s for s in PRESETS if s != 'downsample'):
        for implementation, style, label in (
            ('ours', 'o-', strategy),
            ('published', 'o:', f'{strategy}, published'),
            ('fused', 'x:', f'{strategy}, fused attention'),
            ('graphed', 's--', f'{strategy}, CUDA graph'),
        ):
            chosen = rows['implementation'] == implementation
            line = rows[chosen & (rows['strategy'] == strategy)]
            if line['over_stock'].any():
                axis.plot(
                    line['pixels'], line['over_stock'], style, color=f'C{number}', label=label
                )
    axis.axhline(1, color='black', linewidth=0.8)
    axis.set(xlabel='image', ylabel='speed-up over stock', xscale='log', ylim=(0, None))
    sizes = rows.drop_duplicates('pixels')
    names = [f'{w}×{h}' for w, h in zip(sizes['width'], sizes['height'], strict=True)]
    axis.set_xticks(sizes['pixels'], names)
    axis.minorticks_off()
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize='small')


def write(results: Sequence[Result], folder: Path) -> Path:
    """Write ``benchmark.md`` and ``speedup.png``.

    Args:
        results: Of one device, and of the same code and versions.
        folder: Where to write.

    Returns:
        The path of the Markdown file.
    """
    frame = with_speed_ups(one_row_per_model(results))
    parts = ['# Benchmark', caption(frame.to_dict('records')), 'Speed-up:', summary(frame)]
    for (model, dtype, mode, scope, batch), rows in frame.groupby(
        ['model', 'dtype', 'mode', 'scope', 'batch'], sort=False
    ):
        what = describe(mode, scope)
        parts += [f'## {model.upper()}, {dtype}, {what}, batch {batch}']
        parts += ['Speed-up over stock:', table_v(rows)]
        for (width, height), workload in rows.groupby(['width', 'height'], sort=False):
            parts += [f'{width}x{height}, times per image:', workload_table(workload)]
    return write_report(folder, 'benchmark', parts, draw=partial(draw, frame), plot='speedup')[0]
