"""Eqs. 3 to 7 for a model and size, beside operations counted from shapes and measured time."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from matplotlib.figure import Figure

from mmseg_tome.analysis import complexity
from mmseg_tome.analysis.implementations import Ours
from mmseg_tome.analysis.layer_profile import profile_in_turns

from . import provenance
from .cells import Cell
from .code_version import code_version
from .report import Report
from .runs import Workplace
from .summary import NONE

_SOURCES = ('layer_profile', 'complexity', 'loading')
# What the formulas are about; projections, FFN and patches are outside of them.
_ATTENTION = (complexity.MATCHING, complexity.MERGING, complexity.ATTENTION)


def make_complexity_table(
    place: Workplace,
    variant: str,
    size: tuple[int, int],
    strategies: Sequence[str],
    repeats: int,
    device: str,
) -> Report:
    """Evaluate the formulas, count, and time the steps of all strategies in turns.

    Args:
        place: Where cells go.
        variant: ``'b0'`` to ``'b5'``.
        size: Width and height of the image in pixels.
        strategies: Names of presets.
        repeats: Timed passes of each strategy.
        device: Where to run.
    """
    width, height = size
    where = provenance.here(device)
    key = {
        'run': 'complexity',
        'variant': variant,
        'size': size,
        'strategies': list(strategies),
        'repeats': repeats,
        'device': where['device'],
        'versions': where['versions'],
        'code': code_version(*_SOURCES),
    }

    def compute(lock: int) -> dict:
        models = {name: Ours(name).build(variant) for name in strategies}
        formulas = {
            name: complexity.paper_formulas(model.backbone, (height, width)).to_dict('records')
            for name, model in models.items()
        }
        parts = {name: (model.to(device).backbone, model.head) for name, model in models.items()}
        image = torch.randn(1, 3, height, width, device=device)
        with place.bar('time steps', len(models) * (repeats + 1)) as on_step:
            profiles = profile_in_turns(parts, image, repeats, on_step)
        steps = {name: frame.to_dict('records') for name, frame in profiles.items()}
        return {'formulas': formulas, 'steps': steps, **where}

    cell: Cell = place.cell(f'speed/complexity-{variant}-{width}x{height}', key)
    return _report(variant, size, cell.reuse_or_compute(compute))


def _report(variant: str, size: tuple[int, int], result: Mapping) -> Report:
    steps = {name: pd.DataFrame(rows) for name, rows in result['steps'].items()}
    stages = {
        name: stage_table(pd.DataFrame(rows), steps[name])
        for name, rows in result['formulas'].items()
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
            f'{provenance.caption([result])}'
        ),
        tables=[
            ('Whole model:', whole),
            *((f'`{name}`, per stage:', _rounded(table)) for name, table in stages.items()),
        ],
        raw=pd.concat([table.assign(strategy=name) for name, table in stages.items()]),
        draw=partial(_draw, label, stages),
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


def _draw(label: str, stages: Mapping[str, pd.DataFrame], path: Path) -> None:
    """A panel of multiplications per strategy, and one of measured times."""
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
