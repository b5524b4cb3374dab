"""Eqs. 3 to 7 for a model and size, beside operations counted from shapes and measured time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from mmseg_tome.analysis import complexity
from mmseg_tome.analysis.fingerprint import Kind
from mmseg_tome.analysis.layer_profile import results
from mmseg_tome.analysis.provenance import caption
from mmseg_tome.analysis.workload import Workload

from .complexity_plot import draw_complexity
from .context import ORIGIN, RunContext, variant_fingerprint
from .report import Report
from .step_times import measure_steps
from .summary import NONE

KIND = Kind('complexity', ('benchmarks.paper.step_times',))
# What the formulas are about; projections, FFN and patches are outside of them.
_ATTENTION = (complexity.MATCHING, complexity.MERGING, complexity.ATTENTION)


def make_complexity_table(
    context: RunContext, variant: str, size: tuple[int, int], strategies: Sequence[str]
) -> Report:
    """Evaluate the formulas, count, and time the steps of all strategies in turns.

    Args:
        context: Where to measure, and where results are kept.
        variant: ``'b0'`` to ``'b5'``.
        size: Width and height of the image in pixels.
        strategies: Names of presets.
    """
    width, height = size
    repeats, device = context.repeats, context.device
    settings = {'size': size, 'strategies': strategies, 'repeats': repeats}
    measured = context.measure(
        f'speed/complexity-{variant}-{width}x{height}',
        variant_fingerprint(KIND, variant, settings, device),
        'time steps',
        len(strategies) * (repeats + 1),
        lambda on_step: measure_steps(variant, size, strategies, repeats, device, on_step),
    )
    return _report(variant, size, repeats, measured)


def _report(variant: str, size: tuple[int, int], repeats: int, measured: Mapping) -> Report:
    profiles = pd.DataFrame(measured['steps'])
    steps = dict(list(profiles.groupby('strategy', sort=False)))
    stages = {
        name: stage_table(pd.DataFrame(rows), steps[name])
        for name, rows in measured['formulas'].items()
    }
    whole = pd.DataFrame(
        {
            'strategy': name,
            'GFLOP': f'{frame["gflop"].sum():.2f}',
            'GFLOP over none': f'{steps[NONE]["gflop"].sum() / frame["gflop"].sum():.2f}',
            'ms': f'{frame["ms"].sum():.1f}',
            'speed-up over none': f'{steps[NONE]["ms"].sum() / frame["ms"].sum():.2f}',
        }
        for name, frame in steps.items()
    )
    label = f'{variant.upper()} at {size[0]}×{size[1]}'
    rows = results(profiles, Workload(variant, *reversed(size)), repeats)
    return Report(
        name='complexity',
        title=f'complexity: {label}',
        caption=(
            "The formulas are the paper's, evaluated here; they and *counted* are 1e9 "
            'multiplications of one block, for one of the two products of attention; '
            '*counted* has the exact numbers of tokens, sources and destinations. GFLOP and ms '
            'are of all blocks of the stage, two operations for a multiplication and its '
            'addition: *attention* is matching, merging, and both products; *stage* is all of it. '
            'Steps are timed one by one, which on a GPU costs some time itself. '
            f'{caption([measured[ORIGIN]])}'
        ),
        tables=[
            ('Whole model:', whole),
            *((f'`{name}`, per stage:', _rounded(table)) for name, table in stages.items()),
        ],
        raw=pd.concat([table.assign(strategy=name) for name, table in stages.items()]),
        results=[replace(row, experiment='complexity', **measured[ORIGIN]) for row in rows],
        draw=partial(draw_complexity, label, stages),
    )


def stage_table(formulas: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """The formulas of every stage beside what was counted and measured.

    Args:
        formulas: As :func:`complexity.paper_formulas` returns them.
        steps: As :func:`profile` returns them.
    """
    steps = steps[steps['stage'] > 0]
    attention = steps[steps['step'].isin(_ATTENTION)].groupby('stage')[['gflop', 'ms']].sum()
    stage = steps.groupby('stage')[['gflop', 'ms']].sum()
    return formulas.assign(
        **{
            'attention GFLOP': formulas['stage'].map(attention['gflop']),
            'attention ms': formulas['stage'].map(attention['ms']),
            'stage GFLOP': formulas['stage'].map(stage['gflop']),
            'stage ms': formulas['stage'].map(stage['ms']),
        }
    )


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.drop(columns='stage').map('{:.3g}'.format)
    return pd.concat([table['stage'].astype(str), shown], axis=1)
