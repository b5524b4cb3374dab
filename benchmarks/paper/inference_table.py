"""Table II: trained checkpoints, every strategy, without retraining."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import inference_speed, paper
from .paper import SPEED_UP
from .quality import Quality
from .quality_tables import QualityTable, quality_report
from .report import Report
from .runs import Runs

TABLE_2 = QualityTable(
    name='table2',
    number='Table II',
    about='every strategy without retraining',
    metrics={'mIoU': 1, 'mIoU_small': 1},
    speeds=('FPS', SPEED_UP),
    faster='images per second',
    quoted=paper.TABLE_2,
)


def make_inference_table(
    runs: Runs,
    strategies: Mapping[str, str],
    checkpoints: Sequence[Path],
    batch: int,
    on_report: Callable[[Report], None],
) -> None:
    """Test every checkpoint with every strategy, then time them.

    Args:
        runs: Config, options, and where to measure; tests are where ``mim`` puts them.
        strategies: ``tome_cfg`` by name.
        checkpoints: Of the same model, such as several seeds; spreads are over them.
        batch: Images at once in timing.
        on_report: Called with the table so far after every test, and with the whole at the end.

    Raises:
        FileNotFoundError: If a checkpoint or data is missing, before anything is tested.
        MimError: If a run fails.
    """
    named = name_checkpoints(checkpoints)
    quality = Quality(TABLE_2.metrics, {'test': runs.data('test').samples})
    todo = [f'{run}-{strategy}' for run in named for strategy in strategies]
    timed = bool(runs.context.repeats)
    for run, checkpoint in named.items():
        for strategy, tome_cfg in strategies.items():
            tested = runs.test(f'{run}-{strategy}', tome_cfg, checkpoint)
            quality.add(strategy, run, tested)
            missing = todo[len(quality) :] + ['times'] * timed
            on_report(quality_report(TABLE_2, runs, _heading(quality.runs), quality, None, missing))
    if timed:
        checkpoint = next(iter(named.values()))
        measured = inference_speed.measure(runs, strategies, checkpoint, batch)
        speed = inference_speed.describe(runs, quality, measured)
        on_report(quality_report(TABLE_2, runs, _heading(quality.runs), quality, speed, []))


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


def _heading(runs: Sequence[str]) -> str:
    change = 'Δ is the change against no merging'
    if len(runs) > 1:
        change = (
            f'Mean ± standard deviation over {len(runs)} checkpoints. {change} with the same '
            'checkpoint'
        )
    return f'Checkpoints: {", ".join(runs)}. {change}:'
