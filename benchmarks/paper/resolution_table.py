"""Table V: speed-ups over resolutions, each model at the batch size at which it is fastest."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

import pandas as pd

from mmseg_tome.analysis import benchmark
from mmseg_tome.analysis.fingerprint import Kind
from mmseg_tome.analysis.implementations import (
    PUBLISHED,
    Fused,
    Implementation,
    Ours,
    Published,
    Stock,
)
from mmseg_tome.analysis.provenance import caption
from mmseg_tome.analysis.results import from_json, to_frame, to_json
from mmseg_tome.analysis.workload import Workload

from . import paper
from .context import ORIGIN, RunContext, variant_fingerprint
from .report import Report
from .resolution_plot import draw_resolutions
from .summary import NONE, paper_rows

KIND = Kind('table5', ('mmseg_tome.analysis.benchmark',))


def make_resolution_table(
    context: RunContext,
    workloads: Sequence[Workload],
    strategies: Sequence[str],
    on_report: Callable[[Report], None],
) -> None:
    """Measure stock, the published merging and ours at every size.

    Args:
        context: Where to measure, and where results are kept.
        workloads: Of one variant and dtype, and of different sizes.
        strategies: Names of presets.
        on_report: Called with the table so far after every size.
    """
    implementations = [Stock(), Fused()]
    implementations += [
        Published(s) for s in strategies if s in PUBLISHED and s not in (NONE, 'downsample')
    ]
    implementations += [Ours(s) for s in strategies]
    results = {}
    for workload in workloads:
        results[_size(workload)] = _measure(context, workload, implementations)
        missing = [size for size in map(_size, workloads) if size not in results]
        on_report(_report(workload, results, missing))


def _size(workload: Workload) -> str:
    return f'{workload.width}x{workload.height}'


def _measure(
    context: RunContext, workload: Workload, implementations: Sequence[Implementation]
) -> dict:
    settings = {
        'workload': asdict(workload),
        'models': [str(one) for one in implementations],
        'repeats': context.repeats,
    }

    def compute(on_step: Callable[[], None]) -> dict:
        rows = benchmark.measure(workload, implementations, context.repeats, lambda what: on_step())
        return {'rows': to_json(rows)}

    return context.measure(
        f'speed/{workload.variant}-{_size(workload)}-{workload.dtype}-batch-{workload.batch}',
        variant_fingerprint(KIND, workload.variant, settings, context.device),
        f'time {_size(workload)}',
        benchmark.num_steps(implementations, context.repeats),
        compute,
    )


def speed_ups(results: Mapping[str, Mapping]) -> pd.DataFrame:
    """A row per size and strategy: ours and the published method over stock, and the paper's."""
    rows = []
    for size, result in results.items():
        seconds = _values(result['rows'], benchmark.SECONDS)
        batches = _batches(result['rows'])
        stock, unmerged = seconds['stock', NONE], seconds['ours', NONE]
        for strategy in (s for name, s in seconds if name == 'ours'):
            time, published = seconds['ours', strategy], seconds.get(('published', strategy))
            rows.append(
                {
                    'size': size,
                    'strategy': strategy,
                    'batch': batches['ours', strategy],
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


def _batches(rows: Sequence[Mapping]) -> dict[tuple[str, str], str]:
    """By implementation and strategy, the batch that was asked for, or chosen for ``'auto'``."""
    asked = {(r['implementation'], r['strategy']): r['batch'] for r in rows}
    chosen = _values(rows, 'batch')
    return {**asked, **{model: f'{batch:.0f}' for model, batch in chosen.items()}}


def _ratio(base: float | None, time: float | None) -> float | None:
    # What failed has no time: None or NaN.
    values = (base, time)
    return None if any(v is None or math.isnan(v) for v in values) else base / time


def _report(workload: Workload, results: Mapping[str, Mapping], missing: Sequence[str]) -> Report:
    table = speed_ups(results)
    ours = table.drop(columns=[c for c in table if c.startswith('paper')])
    beside = table.drop(columns=['batch', 'ms per image'])
    measured = {
        size: [replace(row, experiment='table5', **one[ORIGIN]) for row in from_json(one['rows'])]
        for size, one in results.items()
    }
    rows = [row for of_size in measured.values() for row in of_size]
    notes = {
        f'{row.implementation} {row.strategy} at {size}: {row.note}'
        for size, of_size in measured.items()
        for row in of_size
        if row.note
    }
    about = (
        "`stock` is mmseg's own model, unmerged; the published method is stock with tomesd's "
        'matching. Random weights and images, backbone and head, all models of a size in turns in '
        'one process, each at its own batch; outputs are compared first. '
        f'{caption(one[ORIGIN] for one in results.values())}'
    )
    return Report(
        name='table5',
        title=(f'table5: speed-up over resolutions, {workload.variant.upper()}, {workload.dtype}'),
        caption='\n\n'.join([*sorted(notes), about]),
        tables=[('Speed-ups:', _rounded(ours))],
        raw=pd.concat(
            [to_frame(rows).assign(source='measured here'), paper_rows(paper.TABLE_5, 'Table V')]
        ),
        results=rows,
        beside=[_rounded(beside)],
        paper_of='Table V',
        missing=missing,
        draw=partial(draw_resolutions, table, workload.variant),
    )


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    return table.apply(
        lambda column: (
            column.map(lambda v: '–' if pd.isna(v) else f'{v:.2f}')
            if column.dtype.kind == 'f' or column.isna().any()
            else column.astype(str)
        )
    )
