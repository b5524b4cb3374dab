"""Steps per second and memory of Tables III and IV, as a cell that is kept."""

from collections.abc import Mapping

import pandas as pd

from mmseg_tome.analysis.comparison import STOCK
from mmseg_tome.analysis.quiet import quiet_logs

from ..training_steps import measure_training_steps
from . import provenance
from .code_version import code_version
from .recipe import strategies_key
from .runs import Runs
from .summary import NONE

_MIB = 2**20
_SOURCES = ('timing', 'memory', 'comparison')


def measure(runs: Runs, strategies: Mapping[str, str], repeats: int, device: str) -> dict:
    """Measure, or take from an earlier start, the training steps of all strategies.

    Args:
        runs: Config, options and folder.
        strategies: ``tome_cfg`` by name.
        repeats: Timed steps of each.
        device: Where to run.

    Returns:
        ``steps``, as :func:`measure_training_steps` returns them, and their provenance.
    """
    where = provenance.here(device)
    key = {
        'run': 'training steps',
        **runs.recipe.key(of='train'),
        'strategies': strategies_key(strategies),
        'repeats': repeats,
        'device': where['device'],
        'versions': where['versions'],
        'code': code_version(*_SOURCES),
    }

    def compute(lock: int) -> dict:
        total = (len(strategies) + 1) * (repeats + 1)
        with runs.bar('time training steps', total) as on_step, quiet_logs():
            cfg = runs.recipe.resolved()
            steps = measure_training_steps(cfg, strategies, repeats, device, on_step)
        return {'steps': steps, **where}

    return runs.cell('speed/training-steps', key).reuse_or_compute(compute)


def speed_table(steps: Mapping[str, Mapping[str, float | None]]) -> pd.DataFrame:
    """A row per strategy: steps per second, gains, and memory."""
    rows = []
    for strategy, one in steps.items():
        row = {
            'strategy': strategy,
            'steps/s': f'{one["steps/s"]:.3g}',
            'over stock': f'{one["steps/s"] / steps[STOCK]["steps/s"]:.2f}',
            'over none': f'{one["steps/s"] / steps[NONE]["steps/s"]:.2f}',
            'saved MiB': f'{one["saved_bytes"] / _MIB:.0f}',
        }
        if one['peak_bytes'] is not None:
            row['CUDA peak MiB'] = f'{one["peak_bytes"] / _MIB:.0f}'
        rows.append(row)
    return pd.DataFrame(rows)


def compared(steps: Mapping[str, Mapping[str, float | None]]) -> dict[str, dict[str, float]]:
    """The same in the paper's units, by strategy; its GB are the peak of a GPU."""
    figures = {}
    for strategy, one in steps.items():
        figures[strategy] = {
            'steps/s': one['steps/s'],
            'speed-up over none': one['steps/s'] / steps[NONE]['steps/s'],
        }
        if one['peak_bytes'] is not None:
            figures[strategy]['GB'] = one['peak_bytes'] / 1e9
    return figures
