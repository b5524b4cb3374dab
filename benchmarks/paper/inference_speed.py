"""Inference times of Table II."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
from mmengine.config import Config

from mmseg_tome.analysis.comparison import STOCK, Comparison
from mmseg_tome.analysis.file_identity import file_hash
from mmseg_tome.analysis.fingerprint import Kind
from mmseg_tome.analysis.provenance import caption
from mmseg_tome.analysis.results import Result

from .context import ORIGIN
from .paper import SPEED_UP
from .quality import Quality
from .quality_tables import Speed
from .runs import Runs
from .summary import NONE

KIND = Kind('inference speed', ('mmseg_tome.analysis.comparison',), reads='test')


def measure(runs: Runs, strategies: Mapping[str, str], checkpoint: Path, batch: int) -> dict:
    """Time all strategies, or take the times from an earlier start.

    Args:
        runs: Config, options, and where to measure.
        strategies: ``tome_cfg`` by name.
        checkpoint: The weights.
        batch: Images at once.

    Returns:
        ``seconds_per_image`` by strategy and of stock, ``batch``, and their origin.
    """

    def compute(cfg: Config, on_step: Callable[[], None]) -> dict:
        # What OpenMMLab prints while it loads would get between the bars.
        with redirect_stdout(io.StringIO()):
            comparison = Comparison(cfg, checkpoint, runs.context.device)
        values = list(strategies.values())
        seconds = comparison.seconds_per_image(values, runs.context.repeats, on_step, batch)
        by_name = {name: seconds[tome_cfg] for name, tome_cfg in strategies.items()}
        return {'seconds_per_image': {STOCK: seconds[STOCK], **by_name}, 'batch': batch}

    settings = {'checkpoint': file_hash(checkpoint), 'batch': batch}
    return runs.measure(KIND, 'inference', strategies, compute, **settings)


def describe(runs: Runs, quality: Quality, measured: Mapping) -> Speed:
    """Put times beside quality.

    Args:
        runs: What was measured.
        quality: Of the same strategies.
        measured: As :func:`measure` returns it.
    """
    seconds, frame, shown = measured['seconds_per_image'], quality.frame, quality.table()
    # Its outputs are those of `none`, as tests compare: it need not be tested itself.
    stock = shown[shown['strategy'] == NONE].assign(strategy=STOCK)
    times = speed_table(seconds)
    return Speed(
        shown=pd.concat([stock, shown]).merge(times, how='left', on='strategy'),
        raw=frame.assign(seconds_per_image=frame['strategy'].map(seconds)),
        compared={
            strategy: {'FPS': 1 / value, SPEED_UP: seconds[NONE] / value}
            for strategy, value in seconds.items()
            if strategy != STOCK
        },
        note=(
            "`stock` is mmseg's own model with the same weights; its quality is that of `none`, "
            f'whose outputs are equal. Times: batch {measured["batch"]} of the first test image, '
            'all strategies in turns in one process, medians of the whole inference up to the '
            f'class of every pixel. {caption([measured[ORIGIN]])}'
        ),
        results=list(_results(runs, measured)),
    )


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


def _results(runs: Runs, measured: Mapping) -> Iterator[Result]:
    data = runs.data('test')
    for name, seconds in measured['seconds_per_image'].items():
        yield Result(
            *('table2', 'seconds_per_image', seconds),
            **runs.recipe.subject,
            **{'unit': 's', 'samples': runs.context.repeats, 'batch': str(measured['batch'])},
            **{'height': data.height, 'width': data.width, 'dtype': 'fp32', 'mode': 'inference'},
            **{'scope': 'model', 'implementation': STOCK if name == STOCK else 'ours'},
            strategy=NONE if name == STOCK else name,
            **measured[ORIGIN],
        )
