"""Tables III and IV: every strategy trained by the same schedule, then tested."""

from collections.abc import Callable, Mapping, Sequence

from mmengine.config import Config

from . import paper, training_speed
from .paper import SPEED_UP
from .quality import Quality
from .quality_tables import QualityTable, Speed, quality_report
from .report import Report
from .runs import Runs

_TRAINED = {
    'about': 'every strategy trained',
    'speeds': ('steps/s', SPEED_UP, 'GB'),
    'faster': 'training steps per second',
}
TABLE_3 = QualityTable(
    name='table3',
    number='Table III',
    metrics={'mIoU': 1, 'mIoU_small': 1},
    quoted=paper.TABLE_3,
    **_TRAINED,
)
TABLE_4 = QualityTable(
    name='table4',
    number='Table IV',
    metrics={'PCK@0.1': 100, 'PCK@0.05': 100},
    quoted=paper.TABLE_4,
    **_TRAINED,
)


def make_training_table(
    table: QualityTable,
    runs: Runs,
    strategies: Mapping[str, str],
    seeds: Sequence[int],
    on_report: Callable[[Report], None],
) -> None:
    """Train and test every strategy with every seed, then measure training steps.

    Args:
        table: Which one.
        runs: Config, options, and where to measure; the runs are where ``mim`` puts them.
        strategies: ``tome_cfg`` by name.
        seeds: Of the runs; spreads are over them.
        on_report: Called with the table so far after every test, and with the whole at the end.

    Raises:
        FileNotFoundError: If data is missing, before anything is trained.
        MimError: If a run fails.
    """
    samples = {split: runs.data(split).samples for split in ('train', 'test')}
    quality = Quality(table.metrics, samples)
    schedule = _schedule(runs.recipe.resolved())
    todo = [f'{strategy}-seed{seed}' for seed in seeds for strategy in strategies]
    timed = bool(runs.context.repeats)

    def report(speed: Speed | None, missing: Sequence[str]) -> None:
        heading = f'{schedule}. {_heading(sorted(quality.runs))}'
        on_report(quality_report(table, runs, heading, quality, speed, missing, note=schedule))

    for seed in seeds:
        for strategy, tome_cfg in strategies.items():
            name = f'{strategy}-seed{seed}'
            trained = runs.train(name, tome_cfg, seed)
            quality.add(
                strategy, seed, runs.test(name, tome_cfg, runs.checkpoint_path(name)), trained
            )
            report(None, todo[len(quality) :] + ['steps'] * timed)
    if timed:
        measured = training_speed.measure(runs, strategies)
        report(training_speed.describe(table, runs, quality, measured), [])


def _schedule(cfg: Config) -> str:
    iterations = cfg.train_cfg.get('max_iters')
    length = f'{iterations} iterations' if iterations else f'{cfg.train_cfg.max_epochs} epochs'
    return f'{length}, batch {cfg.train_dataloader.batch_size} per device'


def _heading(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f'Seed {seeds[0]}. Δ is the change against no merging:'
    return (
        f'Mean ± standard deviation over seeds {", ".join(map(str, seeds))}. '
        'Δ is the change against no merging with the same seed:'
    )
