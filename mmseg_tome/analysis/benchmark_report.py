"""The results of benchmarks: kept as CSV, shown as tables in the paper's layout and as a plot."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from ..presets import PRESETS
from .benchmark import Cell
from .provenance import provenance

CSV = 'benchmark.csv'
_CELL = ['variant', 'height', 'width', 'dtype', 'device_type', 'train', 'backbone_only']
_MODEL = ['make', 'strategy']


def load(folder: Path) -> pd.DataFrame:
    """Read the rows measured so far; none if there is no file."""
    path = folder / CSV
    return pd.read_csv(path, keep_default_na=False) if path.exists() else pd.DataFrame()


def append(folder: Path, rows: list[dict]) -> None:
    """Add the rows of one cell, with their provenance, to the file."""
    frame = pd.DataFrame(
        {
            **{('device_type' if k == 'device' else k): v for k, v in row.items()},
            **provenance(row['device']),
        }
        for row in rows
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CSV
    frame.to_csv(path, mode='a', index=False, header=not path.exists())


def is_done(frame: pd.DataFrame, cell: Cell, repeats: int) -> bool:
    """Whether the cell was measured already, on this device by this commit and torch."""
    if frame.empty:
        return False
    wanted = {
        'variant': cell.variant,
        'height': cell.height,
        'width': cell.width,
        'dtype': cell.dtype,
        'device_type': cell.device,
        'train': cell.train,
        'backbone_only': cell.backbone_only,
        'repeats': repeats,
        'batch_is_auto': cell.batch == 'auto',
        **{k: v for k, v in provenance(cell.device).items() if k != 'date'},
    }
    if cell.batch != 'auto':
        wanted['batch'] = cell.batch
    matches = pd.Series(True, index=frame.index)
    for key, value in wanted.items():
        matches &= frame[key].astype(str) == str(value)
    return bool(matches.any())


def with_speed_ups(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what every model gains over stock, over stock with fused attention, and over ours.

    The newest rows count where a cell was measured several times. Ratios are taken within a run.
    """
    frame = frame.drop_duplicates([*_CELL, *_MODEL, 'device', 'batch_is_auto'], keep='last').copy()
    cells = [*_CELL, 'device', 'batch_is_auto']
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
        values = pd.to_numeric(frame[column], errors='coerce')
        if values.notna().any():
            table[name] = (values / 2**20).round(0)
    return table


def table_v(frame: pd.DataFrame) -> pd.DataFrame:
    """The paper's Table V: speed-up over stock, a row per model and a column per size."""
    frame = frame[~((frame['make'] == 'stock') & (frame['strategy'] == 'none'))]
    frame = frame.assign(
        size=[f'{w}x{h}' for w, h in zip(frame['width'], frame['height'], strict=True)],
        model=frame['make'] + ' ' + frame['strategy'],
    )
    sizes = frame.assign(area=frame['width'] * frame['height']).sort_values('area')['size'].unique()
    table = frame.pivot_table('over_stock', 'model', 'size', sort=False)[list(sizes)]
    return table.round(2).reset_index()


def draw(frame: pd.DataFrame, path: Path) -> None:
    """Plot the speed-up over resolution, a line per strategy: ours, and the published ones thin."""
    groups = list(frame.groupby(['variant', 'dtype', 'train'], sort=False))
    figure, axes = plt.subplots(
        1, len(groups), figsize=(5.5 * len(groups), 4.2), squeeze=False, layout='constrained'
    )
    for axis, ((variant, dtype, train), rows) in zip(axes[0], groups, strict=True):
        rows = rows.assign(pixels=rows['width'] * rows['height'] / 1e6).sort_values('pixels')
        for number, strategy in enumerate(s for s in PRESETS if s != 'downsample'):
            for make, style, label in (
                ('ours', 'o-', strategy),
                ('stock', 'o:', f'{strategy}, published'),
                ('fused', 'x:', f'{strategy}, fused attention'),
            ):
                line = rows[(rows['make'] == make) & (rows['strategy'] == strategy)]
                if len(line) and (make, strategy) != ('stock', 'none'):
                    axis.plot(
                        line['pixels'], line['over_stock'], style, color=f'C{number}', label=label
                    )
        axis.axhline(1, color='black', linewidth=0.8)
        axis.set(
            title=f'{variant.upper()}, {dtype}, {"training" if train else "inference"}',
            xlabel='million pixels',
            ylabel='speed-up over stock',
            xscale='log',
            ylim=(0, None),
        )
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
    for (variant, dtype, train, backbone), rows in frame.groupby(
        ['variant', 'dtype', 'train', 'backbone_only'], sort=False
    ):
        what = ('training steps' if train else 'inference') + ', backbone only' * backbone
        parts += [f'## {variant.upper()}, {dtype}, {what}', '', 'Speed-up over stock:', '']
        parts += [table_v(rows).to_markdown(index=False), '']
        for (width, height), cell in rows.groupby(['width', 'height'], sort=False):
            table = cell_table(cell).to_markdown(index=False)
            parts += [f'{width}x{height}, times per image:', '', table, '']
    path = folder / 'benchmark.md'
    path.write_text('\n'.join(parts))
    draw(frame, folder / 'speedup.png')
    return path
