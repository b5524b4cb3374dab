"""Inference times of Table II, as a cell that is kept."""

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd

from mmseg_tome.analysis.comparison import STOCK, Comparison
from mmseg_tome.analysis.quiet import quiet_logs

from . import provenance
from .cells import file_hash
from .code_version import code_version
from .recipe import strategies_key
from .runs import Runs
from .summary import NONE


def measure(
    runs: Runs,
    strategies: Mapping[str, str],
    checkpoint: Path,
    repeats: int,
    batch: int,
    device: str,
) -> dict:
    """Time all strategies, or take the times from an earlier start.

    Args:
        runs: Config, options and folder.
        strategies: ``tome_cfg`` by name.
        checkpoint: The weights.
        repeats: Timed passes of each.
        batch: Images at once.
        device: Where to run.

    Returns:
        ``seconds_per_image`` by strategy and of stock, ``batch``, and their provenance.
    """
    where = provenance.here(device)
    key = {
        'run': 'inference times',
        **runs.recipe.key(of='test'),
        'checkpoint': file_hash(checkpoint),
        'strategies': strategies_key(strategies),
        'repeats': repeats,
        'batch': batch,
        'device': where['device'],
        'versions': where['versions'],
        'code': code_version('comparison', 'timing'),
    }

    def compute(lock: int) -> dict:
        total = (len(strategies) + 1) * (repeats + 1)
        with runs.bar('time inference', total) as on_step, quiet_logs():
            # What OpenMMLab prints while it loads would get between the bars.
            with redirect_stdout(io.StringIO()):
                comparison = Comparison(runs.recipe.resolved(), checkpoint, device)
            values = list(strategies.values())
            seconds = comparison.seconds_per_image(values, repeats, on_step, batch)
        by_name = {name: seconds[tome_cfg] for name, tome_cfg in strategies.items()}
        return {
            'seconds_per_image': {STOCK: seconds[STOCK], **by_name},
            'batch': batch,
            **where,
        }

    return runs.cell('speed/inference', key).reuse_or_compute(compute)


def speed_table(seconds: Mapping[str, float]) -> pd.DataFrame:
    """A row per strategy: milliseconds, images per second, gains."""
    return pd.DataFrame(
        {
            'strategy': strategy,
            'ms': f'{1000 * value:.1f}',
            'FPS': f'{1 / value:.2f}',
            'over stock': f'{seconds[STOCK] / value:.2f}',
            'over none': f'{seconds[NONE] / value:.2f}',
        }
        for strategy, value in seconds.items()
    )
