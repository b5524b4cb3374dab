"""Steps per second and memory of Tables III and IV."""

from collections.abc import Callable, Iterator, Mapping

import pandas as pd
from mmengine.config import Config

from mmseg_tome.analysis.comparison import STOCK
from mmseg_tome.analysis.fingerprint import Kind
from mmseg_tome.analysis.provenance import caption
from mmseg_tome.analysis.results import Result

from ..training_steps import measure_training_steps
from .context import ORIGIN
from .paper import SPEED_UP
from .quality import Quality
from .quality_tables import QualityTable, Speed
from .runs import Runs
from .summary import NONE

KIND = Kind('training speed', ('benchmarks.training_steps',), reads='train')
_MIB = 2**20
# By metric of a row: its name in what was measured, and its unit.
_METRICS = {
    'steps_per_second': ('steps/s', 'steps/s'),
    'saved_bytes': ('saved_bytes', 'bytes'),
    'peak_bytes': ('peak_bytes', 'bytes'),
}


def measure(runs: Runs, strategies: Mapping[str, str]) -> dict:
    """Measure, or take from an earlier start, the training steps of all strategies.

    Args:
        runs: Config, options, and where to measure.
        strategies: ``tome_cfg`` by name.

    Returns:
        ``steps``, as :func:`measure_training_steps` returns them, and their origin.
    """
    repeats, device = runs.context.repeats, runs.context.device

    def compute(cfg: Config, on_step: Callable[[], None]) -> dict:
        return {'steps': measure_training_steps(cfg, strategies, repeats, device, on_step)}

    return runs.measure(KIND, 'training steps', strategies, compute)


def describe(table: QualityTable, runs: Runs, quality: Quality, measured: Mapping) -> Speed:
    """Put speed and memory beside quality.

    Args:
        table: Which one.
        runs: What was measured.
        quality: Of the same strategies.
        measured: As :func:`measure` returns it.
    """
    steps = measured['steps']
    shown = speed_table(steps).merge(quality.table(), how='left', on='strategy')
    raw = pd.DataFrame.from_dict(steps, orient='index').rename_axis('strategy').reset_index()
    stock = "mmseg's own backbone" + ' and head' * (runs.recipe.package == 'mmsegmentation')
    return Speed(
        shown=shown.fillna('–'),
        raw=quality.frame.merge(raw, how='outer', on='strategy'),
        compared=compared(steps),
        note=(
            'A step is forward pass, backward pass and optimizer, without loading data; all '
            f'strategies in turns in one process. `stock` has {stock}, unmerged. `saved` is what '
            f'autograd keeps for the backward pass. Steps: {caption([measured[ORIGIN]])}'
        ),
        results=list(_results(table, runs, measured)),
    )


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
    speeds = {}
    for strategy, one in steps.items():
        speeds[strategy] = {
            'steps/s': one['steps/s'],
            SPEED_UP: one['steps/s'] / steps[NONE]['steps/s'],
        }
        if one['peak_bytes'] is not None:
            speeds[strategy]['GB'] = one['peak_bytes'] / 1e9
    return speeds


def _results(table: QualityTable, runs: Runs, measured: Mapping) -> Iterator[Result]:
    cfg, data = runs.recipe.resolved(), runs.data('train')
    about = {
        **{'experiment': table.name, **runs.recipe.subject},
        **{'height': data.height, 'width': data.width, 'dtype': _dtype(cfg)},
        **{'batch': str(cfg.train_dataloader.batch_size), 'mode': 'training', 'scope': 'model'},
        **measured[ORIGIN],
    }
    for name, one in measured['steps'].items():
        about['implementation'] = STOCK if name == STOCK else 'ours'
        about['strategy'] = NONE if name == STOCK else name
        for metric, (key, unit) in _METRICS.items():
            if one[key] is not None:
                samples = runs.context.repeats if metric == 'steps_per_second' else 1
                yield Result(metric=metric, value=one[key], unit=unit, samples=samples, **about)
        for base, other in ((STOCK, 'stock none'), (NONE, 'ours none')):
            gain = one['steps/s'] / measured['steps'][base]['steps/s']
            yield Result(metric=f'speed-up over {other}', value=gain, **about)


def _dtype(cfg: Config) -> str:
    """What the optimizer's wrapper computes in, where it is known."""
    wrapper = cfg.get('optim_wrapper', {})
    if 'BF16' in str(wrapper.get('type')) or 'bfloat16' in str(wrapper.get('dtype')):
        return 'bf16'
    return 'fp16' if 'Amp' in str(wrapper.get('type')) else 'fp32'
