"""Tables III and IV: every strategy trained by the same schedule, then tested."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
from mmengine.config import Config

from . import paper, training_speed
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


@dataclass(frozen=True)
class TrainingTable:
    """What differs between Tables III and IV.

    Args:
        name: Of the files.
        number: The paper's.
        metrics: Results to show, and what each is multiplied by.
        quoted: The paper's numbers.
    """

    name: str
    number: str
    metrics: Mapping[str, float]
    quoted: Mapping[str, paper.Rows]


TABLE_3 = TrainingTable('table3', 'Table III', {'mIoU': 1, 'mIoU_small': 1}, paper.TABLE_3)
TABLE_4 = TrainingTable('table4', 'Table IV', {'PCK@0.1': 100, 'PCK@0.05': 100}, paper.TABLE_4)


def make_training_table(
    table: TrainingTable,
    runs: Runs,
    strategies: Mapping[str, str],
    seeds: Sequence[int],
    repeats: int,
    device: str,
    on_report: Callable[[Report], None],
) -> None:
    """Train and test every strategy with every seed, then measure training steps.

    Args:
        table: Which one.
        runs: Config, options and folder.
        strategies: ``tome_cfg`` by name.
        seeds: Of the runs; spreads are over them.
        repeats: Timed steps of each strategy; with 0 neither time nor memory is measured.
        device: Where training steps are measured; the runs are where ``mim`` puts them.
        on_report: Called with the table so far after every test, and with the whole at the end.

    Raises:
        FileNotFoundError: If data is missing, before anything is trained.
        MimError: If a run fails.
    """
    samples = count_samples(runs.recipe.resolved())
    names = [f'{strategy}-seed{seed}' for seed in seeds for strategy in strategies]
    results: list[dict] = []
    for seed in seeds:
        for strategy, tome_cfg in strategies.items():
            name = f'{strategy}-seed{seed}'
            trained = runs.train(name, tome_cfg, seed)
            tested = runs.test(name, tome_cfg, runs.checkpoint_path(name))
            metrics = select_metrics(tested['metrics'], table.metrics)
            results.append(
                {'strategy': strategy, 'run': seed, **metrics, 'from': (trained, tested)}
            )
            missing = names[len(results) :] + ['steps'] * bool(repeats)
            on_report(_report(table, runs, results, samples, None, missing))
    if repeats:
        speed = training_speed.measure(runs, strategies, repeats, device)
        on_report(_report(table, runs, results, samples, speed, []))


def _report(
    table: TrainingTable,
    runs: Runs,
    results: Sequence[Mapping],
    samples: Mapping[str, int],
    speed: Mapping | None,
    missing: Sequence[str],
) -> Report:
    frame = pd.DataFrame(results).drop(columns='from')
    shown, ours, raw = quality_columns(frame), means(frame), frame
    quoted = {name: with_speed_up(rows) for name, rows in table.quoted.items()}
    draw = None
    notes = ['Quality: ' + caption([part for one in results for part in one['from']], samples)]
    if speed:
        steps = speed['steps']
        shown = training_speed.speed_table(steps).merge(shown, how='left', on='strategy')
        shown = shown.fillna('–')
        for strategy, figures in training_speed.compared(steps).items():
            ours.setdefault(strategy, {}).update(figures)
        measured = pd.DataFrame.from_dict(steps, orient='index').rename_axis('strategy')
        raw = frame.merge(measured.reset_index(), how='outer', on='strategy')
        notes.append(
            'A step is forward pass, backward pass and optimizer, without loading data; all '
            "strategies in turns in one process. `stock` has mmseg's own backbone"
            f'{" and head" if table is TABLE_3 else ""}, unmerged. `saved` is what autograd keeps '
            f'for the backward pass. Steps: {caption([speed])}'
        )
        metric = next(iter(table.metrics))
        points = {s: (ours[s][SPEED_UP], d) for s, d in changes(frame, metric).items()}
        draw = partial(draw_gains, points, quoted, metric, 'training steps per second')
    return Report(
        name=table.name,
        title=f'{table.name}: every strategy trained, {runs.recipe.config.stem}',
        caption='\n\n'.join(notes),
        tables=[(_heading(runs.recipe.resolved(), sorted(set(frame['run']))), shown)],
        raw=pd.concat([raw.assign(source='ours'), paper_rows(table.quoted, table.number)]),
        beside=[
            beside_the_paper(ours, quoted, metrics)
            for metrics in (table.metrics, ('steps/s', SPEED_UP, 'GB'))
        ],
        paper_of=table.number,
        missing=missing,
        draw=draw,
    )


def with_speed_up(rows: paper.Rows) -> paper.Rows:
    """Add the paper's speed-up over no merging, from its steps per second."""
    base = rows[NONE]['steps/s']
    return {name: {**row, SPEED_UP: row['steps/s'] / base} for name, row in rows.items()}


def _heading(cfg: Config, seeds: Sequence[int]) -> str:
    iterations = cfg.train_cfg.get('max_iters')
    length = f'{iterations} iterations' if iterations else f'{cfg.train_cfg.max_epochs} epochs'
    text = f'{length}, batch {cfg.train_dataloader.batch_size} per device. '
    if len(seeds) == 1:
        return f'{text}Seed {seeds[0]}. Δ is the change against no merging:'
    return (
        f'{text}Mean ± standard deviation over seeds {", ".join(map(str, seeds))}. '
        'Δ is the change against no merging with the same seed:'
    )
