"""Table V: speed-ups over resolutions, each model at the batch size at which it is fastest."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mmseg_tome.analysis import benchmark
from mmseg_tome.analysis.implementations import Fused, Ours, Published, Stock
from mmseg_tome.analysis.results import to_json
from mmseg_tome.analysis.workload import Workload

from . import paper, provenance
from .code_version import code_version
from .report import Report
from .runs import Workplace
from .summary import NONE, paper_rows

_SOURCES = ('benchmark', 'parity', 'loading', 'timing', 'memory', 'workload')


def make_resolution_table(
    place: Workplace,
    variant: str,
    sizes: Sequence[tuple[int, int]],
    dtype: str,
    batch: int | str,
    strategies: Sequence[str],
    repeats: int,
    device: str,
    on_report: Callable[[Report], None],
) -> None:
    """Measure stock, the published merging and ours at every size.

    Args:
        place: Where cells go.
        variant: ``'b0'`` to ``'b5'``.
        sizes: Width and height in pixels.
        dtype: A key of :data:`mmseg_tome.analysis.workload.DTYPES`.
        batch: Images at once, or ``'auto'``.
        strategies: Names of presets.
        repeats: Timed passes of each model.
        device: Where to run.
        on_report: Called with the table so far after every size.
    """
    implementations = [Stock(), Fused()]
    implementations += [Published(s) for s in strategies if s not in (NONE, 'downsample')]
    implementations += [Ours(s) for s in strategies]
    where = provenance.here(device)
    results = {}
    for width, height in sizes:
        key = {
            'run': 'resolutions',
            'variant': variant,
            'size': (width, height),
            'dtype': dtype,
            'batch': batch,
            'models': [str(one) for one in implementations],
            'repeats': repeats,
            'device': where['device'],
            'versions': where['versions'],
            'code': code_version(*_SOURCES),
        }
        workload = Workload(variant, height, width, batch, dtype, device)

        def compute(lock: int, workload: Workload = workload, size: str = f'{width}x{height}'):
            steps = benchmark.num_steps(implementations, repeats)
            with place.bar(f'time {size}', steps) as on_step:
                rows = benchmark.measure(workload, implementations, repeats, lambda what: on_step())
            return {'rows': to_json(rows), **where}

        name = f'speed/{variant}-{width}x{height}-{dtype}-batch-{batch}'
        results[f'{width}x{height}'] = place.cell(name, key).reuse_or_compute(compute)
        missing = [f'{w}x{h}' for w, h in sizes if f'{w}x{h}' not in results]
        on_report(_report(variant, dtype, results, missing))


def speed_ups(results: Mapping[str, Mapping]) -> pd.DataFrame:
    """A row per size and strategy: ours and the published method over stock, and the paper's."""
    rows = []
    for size, result in results.items():
        seconds = _values(result['rows'], benchmark.SECONDS)
        batches = _values(result['rows'], 'batch')
        stock, unmerged = seconds['stock', NONE], seconds['ours', NONE]
        for strategy in (s for name, s in seconds if name == 'ours'):
            time, published = seconds['ours', strategy], seconds.get(('published', strategy))
            rows.append(
                {
                    'size': size,
                    'strategy': strategy,
                    'batch': batches.get(('ours', strategy)),
                    'ms per image': 1000 * time if time else None,
                    'ours over stock': _ratio(stock, time),
                    'ours over our none': _ratio(unmerged, time),
                    'published method over stock': _ratio(stock, published),
                    **{
                        f'paper {name}, over its none': quoted.get(strategy, {}).get(size)
                        for name, quoted in paper.TABLE_5.items()
                    },
                }
            )
    return pd.DataFrame(rows)


def _values(rows: Sequence[Mapping], metric: str) -> dict[tuple[str, str], float | None]:
    """By implementation and strategy."""
    return {(r['implementation'], r['strategy']): r['value'] for r in rows if r['metric'] == metric}


def _ratio(base: float | None, time: float | None) -> float | None:
    # What failed has no time: None or NaN.
    values = (base, time)
    return None if any(v is None or math.isnan(v) for v in values) else base / time


def _report(
    variant: str, dtype: str, results: Mapping[str, Mapping], missing: Sequence[str]
) -> Report:
    table = speed_ups(results)
    ours = table.drop(columns=[c for c in table if c.startswith('paper')])
    beside = table.drop(columns=['batch', 'ms per image'])
    notes = {
        f'{row["implementation"]} {row["strategy"]} at {size}: {row["note"]}'
        for size, result in results.items()
        for row in result['rows']
        if row.get('note')
    }
    caption = (
        "`stock` is mmseg's own model, unmerged; the published method is stock with tomesd's "
        'matching. Random weights and images, backbone and head, all models of a size in turns in '
        'one process, each at its own batch; outputs are compared first. '
        f'{provenance.caption(results.values())}'
    )
    return Report(
        name='table5',
        title=f'table5: speed-up over resolutions, {variant.upper()}, {dtype}',
        caption='\n\n'.join([*sorted(notes), caption]),
        tables=[('Speed-ups:', _rounded(ours))],
        raw=pd.concat(
            [
                pd.DataFrame(r for one in results.values() for r in one['rows']).assign(
                    source='measured here'
                ),
                paper_rows(paper.TABLE_5, 'Table V'),
            ]
        ),
        beside=[_rounded(beside)],
        paper_of='Table V',
        missing=missing,
        draw=partial(_draw, table, variant),
    )


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    return table.apply(
        lambda column: (
            column.map(lambda v: '–' if pd.isna(v) else f'{v:.2f}')
            if column.dtype.kind == 'f' or column.isna().any()
            else column.astype(str)
        )
    )


def _draw(table: pd.DataFrame, variant: str, path: Path) -> None:
    """Ours, the published method as measured here, and the paper's, over the number of pixels."""
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
