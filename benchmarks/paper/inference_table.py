"""Table II: trained checkpoints, every strategy, without retraining."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from mmseg_tome.analysis.comparison import STOCK

from . import inference_speed, paper
from .data_check import count_samples
from .paper import SPEED_UP
from .plots import draw_gains
from .provenance import caption
from .report import Report
from .runs import Runs
from .summary import (
    NONE,
    beside_the_paper,
    changes,
    means,
    paper_rows,
    quality_columns,
    select_metrics,
)

_METRICS = {'mIoU': 1, 'mIoU_small': 1}


def make_inference_table(
    runs: Runs,
    strategies: Mapping[str, str],
    checkpoints: Sequence[Path],
    repeats: int,
    batch: int,
    device: str,
    on_report: Callable[[Report], None],
) -> None:
    """Test every checkpoint with every strategy, then time them.

    Args:
        runs: Config, options and folder.
        strategies: ``tome_cfg`` by name.
        checkpoints: Of the same model, such as several seeds; spreads are over them.
        repeats: Timed passes of each strategy; with 0 they are not timed.
        batch: Images at once in timing.
        device: Where they are timed; tests are where ``mim`` puts them.
        on_report: Called with the table so far after every test, and with the whole at the end.

    Raises:
        FileNotFoundError: If a checkpoint or data is missing, before anything is tested.
        MimError: If a run fails.
    """
    named = name_checkpoints(checkpoints)
    samples = count_samples(runs.recipe.resolved(), ('test',))
    names = [f'{run}-{strategy}' for run in named for strategy in strategies]
    results: list[dict] = []
    for run, checkpoint in named.items():
        for strategy, tome_cfg in strategies.items():
            tested = runs.test(f'{run}-{strategy}', tome_cfg, checkpoint)
            metrics = select_metrics(tested['metrics'], _METRICS)
            results.append({'strategy': strategy, 'run': run, **metrics, 'from': tested})
            missing = names[len(results) :] + ['times'] * bool(repeats)
            on_report(_report(runs, results, samples, None, missing))
    if repeats:
        checkpoint = next(iter(named.values()))
        speed = inference_speed.measure(runs, strategies, checkpoint, repeats, batch, device)
        on_report(_report(runs, results, samples, speed, []))


def name_checkpoints(paths: Sequence[Path]) -> dict[str, Path]:
    """Name checkpoints by as much of the ends of their paths as tells them apart.

    Raises:
        FileNotFoundError: If one is not there.
        ValueError: If one is given twice.
    """
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f'checkpoint {path}: there is no such file')
    absolute = [path.resolve() for path in paths]
    if len(set(absolute)) < len(absolute):
        raise ValueError(f'a checkpoint is given twice: {", ".join(map(str, paths))}')
    length = 1
    while True:
        names = ['-'.join(path.with_suffix('').parts[-length:]) for path in absolute]
        if len(set(names)) == len(names):
            return dict(zip(names, absolute, strict=True))
        length += 1


def _report(
    runs: Runs,
    results: Sequence[Mapping],
    samples: Mapping[str, int],
    speed: Mapping | None,
    missing: Sequence[str],
) -> Report:
    frame = pd.DataFrame(results).drop(columns='from')
    shown, ours, raw = quality_columns(frame), means(frame), frame
    notes = ['Quality: ' + caption([one['from'] for one in results], samples)]
    draw = None
    if speed:
        seconds = speed['seconds_per_image']
        times = inference_speed.speed_table(seconds)
        # Its outputs are those of `none`, as tests compare: it need not be tested itself.
        stock = shown[shown['strategy'] == NONE].assign(strategy=STOCK)
        shown = pd.concat([stock, shown]).merge(times, how='left', on='strategy')
        for strategy in frame['strategy'].unique():
            ours[strategy]['FPS'] = 1 / seconds[strategy]
            ours[strategy][SPEED_UP] = seconds[NONE] / seconds[strategy]
        raw = frame.assign(seconds_per_image=frame['strategy'].map(seconds))
        notes.append(
            "`stock` is mmseg's own model with the same weights; its quality is that of `none`, "
            f'whose outputs are equal. Times: batch {speed["batch"]} of the first test image, all '
            'strategies in turns in one process, medians of the whole inference up to the class '
            f'of every pixel. {caption([speed])}'
        )
        deltas = changes(frame, 'mIoU')
        points = {s: (ours[s][SPEED_UP], values) for s, values in deltas.items()}
        draw = partial(draw_gains, points, paper.TABLE_2, 'mIoU', 'images per second')
    count = frame['run'].nunique()
    heading = f'Checkpoints: {", ".join(frame["run"].unique())}. ' + (
        f'Mean ± standard deviation over {count} checkpoints. Δ is the change against no merging '
        'with the same checkpoint:'
        if count > 1
        else 'Δ is the change against no merging:'
    )
    return Report(
        name='table2',
        title=f'table2: every strategy without retraining, {runs.recipe.config.stem}',
        caption='\n\n'.join(notes),
        tables=[(heading, shown)],
        raw=pd.concat([raw.assign(source='ours'), paper_rows(paper.TABLE_2, 'Table II')]),
        beside=[
            beside_the_paper(ours, paper.TABLE_2, metrics)
            for metrics in (_METRICS, ('FPS', SPEED_UP))
        ],
        paper_of='Table II',
        missing=missing,
        draw=draw,
    )
