"""The results of benchmarks as tables in the paper's layout, and as a plot."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from ..strategies import PRESETS
from .benchmark_results import load
from .provenance import provenance

_CELL = ['variant', 'height', 'width', 'dtype', 'device_type', 'train', 'backbone_only', 'images']
_MODEL = ['make', 'strategy']


def with_speed_ups(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what every model gains over stock, over stock with fused attention, and over ours.

    The newest rows count where a cell was measured several times. Ratios are taken within a run.
    """
    cells = [*_CELL, 'device']
    frame = frame.drop_duplicates([*cells, *_MODEL], keep='last').copy()
    for name, make, strategy in (
        ('over_stock', 'stock', 'none'),
        ('over_fused', 'fused', 'none'),
        ('over_unmerged', 'ours', 'none'),
    ):
        base = frame[(frame['make'] == make) & (frame['strategy'] == strategy)]
        base = base.set_index(cells)['seconds_per_image'].to_dict()
        keys = frame[cells].itertuples(index=False, name=None)
        frame[name] = [base.get(key, float('nan')) for key in keys] / frame['seconds_per_image']
    published = frame[frame['make'] == 'stock'].set_index([*cells, 'strategy'])
    published = published['seconds_per_image'].to_dict()
    keys = frame[[*cells, 'strategy']].itertuples(index=False, name=None)
    frame['over_published'] = [published.get(key, float('nan')) for key in keys] / frame[
        'seconds_per_image'
    ]
    return frame


def cell_table(frame: pd.DataFrame) -> pd.DataFrame:
    """One cell's models, a row each: milliseconds per image, gains, memory."""
    table = pd.DataFrame(
        {
            'model': frame['make'] + ' ' + frame['strategy'],
            'batch': frame['batch'],
            'ms': (1000 * frame['seconds_per_image']).round(1),
            'spread': [
                f'{1000 * low:.1f} to {1000 * high:.1f}'
                for low, high in zip(frame['lower_quartile'], frame['upper_quartile'], strict=True)
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
    """A line per cell: what merging gains over stock, over the published merging, and over ours."""
    lines = []
    for key, rows in frame.groupby(_CELL, sort=False):
        rows = rows.set_index(_MODEL)
        seconds = rows['seconds_per_image']
        cell = dict(zip(_CELL, key, strict=True))
        line = {
            'model': cell['variant'].upper(),
            'size': f'{cell["width"]}x{cell["height"]}',
            'what': 'training' if cell['train'] else 'inference',
            'dtype': cell['dtype'],
            'batch': cell['images'],
        }
        for name, ours, other in _RATIOS:
            line[name] = seconds.get(other, float('nan')) / seconds.get(ours, float('nan'))
        failed = [f'{" ".join(model)}: {note}' for model, note in rows['note'].items() if note]
        lines.append({**line, 'not measured': '; '.join(failed)})
    table = pd.DataFrame(lines).round(2)
    return table if table['not measured'].any() else table.drop(columns='not measured')


_RATIOS = [
    ('hq / stock', ('ours', 'hq'), ('stock', 'none')),
    ('hq / published', ('ours', 'hq'), ('stock', 'hq')),
    ('hq / none', ('ours', 'hq'), ('ours', 'none')),
    ('fast / stock', ('ours', 'fast'), ('stock', 'none')),
    ('none / fused', ('ours', 'none'), ('fused', 'none')),
    ('graphs: hq / stock', ('graphed', 'hq'), ('stock', 'none')),
    ('graphs: hq / none', ('graphed', 'hq'), ('graphed', 'none')),
]


def table_v(frame: pd.DataFrame) -> pd.DataFrame:
    """The paper's Table V: speed-up over stock, a row per model and a column per size."""
    frame = frame[~((frame['make'] == 'stock') & (frame['strategy'] == 'none'))]
    frame = frame.assign(
        size=[f'{w}x{h}' for w, h in zip(frame['width'], frame['height'], strict=True)],
        model=frame['make'] + ' ' + frame['strategy'],
    )
    sizes = frame.assign(area=frame['width'] * frame['height']).sort_values('area')['size'].unique()
    table = frame.pivot_table('over_stock', 'model', 'size', sort=False)
    table = table.reindex(columns=list(sizes))  # a size where stock does not fit has no speed-ups
    return table.round(2).reset_index()


def draw(frame: pd.DataFrame, path: Path) -> None:
    """Plot the speed-up over resolution, a line per strategy: ours, and the published ones thin."""
    groups = list(frame.groupby(['variant', 'dtype', 'train', 'images'], sort=False))
    wide = min(len(groups), 4)
    high = -(-len(groups) // wide)
    figure, axes = plt.subplots(
        high, wide, figsize=(5.5 * wide, 4.2 * high), squeeze=False, layout='constrained'
    )
    for axis in axes.flat[len(groups) :]:
        axis.remove()
    for axis, ((variant, dtype, train, images), rows) in zip(axes.flat, groups, strict=False):
        rows = rows.assign(pixels=rows['width'] * rows['height'] / 1e6).sort_values('pixels')
        for number, strategy in enumerate(s for s in PRESETS if s != 'downsample'):
            for make, style, label in (
                ('ours', 'o-', strategy),
                ('stock', 'o:', f'{strategy}, published'),
                ('fused', 'x:', f'{strategy}, fused attention'),
                ('graphed', 's--', f'{strategy}, CUDA graph'),
            ):
                line = rows[(rows['make'] == make) & (rows['strategy'] == strategy)]
                if line['over_stock'].any() and (make, strategy) != ('stock', 'none'):
                    axis.plot(
                        line['pixels'], line['over_stock'], style, color=f'C{number}', label=label
                    )
        axis.axhline(1, color='black', linewidth=0.8)
        axis.set(
            title=f'{variant.upper()}, {dtype}, {"training" if train else "inference"}, '
            f'batch {images}',
            xlabel='image',
            ylabel='speed-up over stock',
            xscale='log',
            ylim=(0, None),
        )
        sizes = rows.drop_duplicates('pixels')
        names = [f'{w}×{h}' for w, h in zip(sizes['width'], sizes['height'], strict=True)]
        axis.set_xticks(sizes['pixels'], names)
        axis.minorticks_off()
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize='small')
    figure.savefig(path, dpi=150)
    plt.close(figure)


def write(folder: Path) -> Path:
    """Write ``benchmark.md`` and ``speedup.png`` from the rows of this device and commit.

    Returns:
        The path of the Markdown file.
    """
    frame = load(folder)
    here = provenance(str(frame['device_type'].iloc[-1]))
    for key in ('device', 'threads', 'torch', 'commit'):
        frame = frame[frame[key].astype(str) == str(here[key])]
    frame = with_speed_ups(frame)
    parts = ['# Benchmark', '', ', '.join(f'{k} {v}' for k, v in here.items() if v), '']
    parts += ['Times as fast:', '', summary(frame).to_markdown(index=False), '']
    for (variant, dtype, train, backbone, images), rows in frame.groupby(
        ['variant', 'dtype', 'train', 'backbone_only', 'images'], sort=False
    ):
        what = ('training steps' if train else 'inference') + ', backbone only' * backbone
        parts += [f'## {variant.upper()}, {dtype}, {what}, batch {images}', '']
        parts += ['Speed-up over stock:', '']
        parts += [table_v(rows).to_markdown(index=False), '']
        for (width, height), cell in rows.groupby(['width', 'height'], sort=False):
            table = cell_table(cell).to_markdown(index=False)
            parts += [f'{width}x{height}, times per image:', '', table, '']
    path = folder / 'benchmark.md'
    path.write_text('\n'.join(parts))
    draw(frame, folder / 'speedup.png')
    return path
