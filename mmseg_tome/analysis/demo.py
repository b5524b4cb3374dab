"""In minutes: train one model, test it with every strategy, show what merging buys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import torch
from mmengine.config import Config
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ..config_files import config_root
from .comparison import STOCK, Comparison
from .demo_tasks import DATASETS, Task
from .mim_runs import read_metrics, run_mim
from .provenance import device_name
from .quiet import quiet_logs

_REPEATS = 7  # timed passes of each strategy; their median is reported


@dataclass(frozen=True)
class DemoResult:
    """What a demo leaves behind.

    Args:
        task: What was learned.
        table: One row per strategy.
        caption: Data, device, versions and date of the table.
        folder: Where everything was written.
        checkpoint: The trained model.
        config: The config it was trained with.
    """

    task: Task
    table: pd.DataFrame
    caption: str
    folder: Path
    checkpoint: Path
    config: Path


def run_demo(dataset: str, data_root: Path, out: Path) -> DemoResult:
    """Train Segformer++HQ B0, test it with every strategy, and write table and picture.

    Args:
        dataset: A key of :data:`DATASETS`.
        data_root: The folder of the data.
        out: Folder in which a new folder is made for this run.

    Raises:
        MimError: If training or testing fails.
    """
    data = DATASETS[dataset]
    task = data.task
    config = config_root() / data.config
    folder = out.absolute() / f'{dataset}-{datetime.now():%Y%m%d-%H%M%S}'
    folder.mkdir(parents=True)
    data_options = [
        f'{split}_dataloader.dataset.data_root={data_root.absolute()}'
        for split in ('train', 'val', 'test')
    ]
    with _progress_bars() as progress:
        checkpoint = _train(task, config, data_options, folder, progress)
        metrics = _test(task, config, data_options, checkpoint, folder, progress)
        cfg = Config.fromfile(config)
        cfg.test_dataloader.dataset.data_root = str(data_root.absolute())
        with quiet_logs():  # each of a dozen models would say which strategy it has, into the bars
            comparison = Comparison(cfg, checkpoint)
            bar = progress.add_task(
                'time inference', total=(len(task.strategies) + 1) * (_REPEATS + 1)
            )
            seconds = comparison.seconds_per_image(
                task.strategies, _REPEATS, on_step=lambda: progress.advance(bar)
            )
            task.draw(comparison, task.strategies, folder / 'comparison.png')
    table = make_table(metrics, seconds, task.metrics)
    caption = (
        f'Segformer++HQ B0 trained on {data.what} for minutes, tested on '
        f'{len(comparison.dataset)} images with every strategy. {task.note} '
        f'{device_name("cpu")}, {torch.get_num_threads()} threads, fp32, '
        f'batch 1; torch {torch.__version__}; {date.today()}.'
    )
    _write_table(table, caption, folder)
    return DemoResult(task, table, caption, folder, checkpoint, config)


def make_table(
    metrics: dict[str, dict[str, float]], seconds: dict[str, float], shown: Mapping[str, float]
) -> pd.DataFrame:
    """Put quality and speed side by side.

    Args:
        metrics: Results of ``mim test`` by strategy.
        seconds: Seconds per image by strategy, and of the stock model under ``'stock'``.
        shown: The results to show, and what each is multiplied by.

    Returns:
        One row per strategy, the stock model's first. Its quality is that of ``none``: the outputs
        are the same.
    """
    rows = [(STOCK, metrics['none']), *metrics.items()]
    return pd.DataFrame(
        {
            'strategy': name,
            **{key: round(factor * results[key], 2) for key, factor in shown.items()},
            'ms per image': round(1000 * seconds[name], 1),
            'speed-up over stock': round(seconds[STOCK] / seconds[name], 2),
            'speed-up over none': round(seconds['none'] / seconds[name], 2),
        }
        for name, results in rows
    )


def print_result(result: DemoResult, console: Console) -> None:
    """Show the table, and say what was written and what to do next."""
    table = Table(title='One checkpoint, every strategy', caption=result.caption)
    for column in result.table.columns:
        table.add_column(column, justify='left' if column == 'strategy' else 'right')
    for row in result.table.itertuples(index=False):
        table.add_row(*(str(value) for value in row))
    console.print(table)
    console.print(
        f'Table:      {result.folder / "table.md"}\n'
        f'Picture:    {result.folder / "comparison.png"}\n'
        f'Checkpoint: {result.checkpoint}\n\n{result.task.next_steps}',
        soft_wrap=True,
        highlight=False,
    )


def _train(task: Task, config: Path, options: list[str], folder: Path, progress: Progress) -> Path:
    work_dir = folder / 'train'
    run_mim(
        ['train', task.package, str(config), '--work-dir', str(work_dir)]
        # No validation at the end: every strategy is tested next.
        + ['--cfg-options', *options, 'train_cfg.val_begin=1000000'],
        folder / 'train.log',
        progress,
        'train Segformer++HQ B0',
        epochs=Config.fromfile(config).train_cfg.get('max_epochs', 1),
    )
    return Path((work_dir / 'last_checkpoint').read_text().strip())


def _test(
    task: Task,
    config: Path,
    options: list[str],
    checkpoint: Path,
    folder: Path,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    metrics = {}
    for strategy in task.strategies:
        work_dir = folder / f'test-{strategy}'
        run_mim(
            ['test', task.package, str(config), '--checkpoint', str(checkpoint)]
            + ['--work-dir', str(work_dir)]
            + ['--cfg-options', *options, f'model.backbone.tome_cfg={strategy}'],
            folder / f'test-{strategy}.log',
            progress,
            f'test with {strategy}',
        )
        metrics[strategy] = read_metrics(work_dir)
    return metrics


def _write_table(table: pd.DataFrame, caption: str, folder: Path) -> None:
    table.to_csv(folder / 'table.csv', index=False)
    (folder / 'table.md').write_text(f'{table.to_markdown(index=False)}\n\n{caption}\n')


def _progress_bars() -> Progress:
    return Progress(
        TextColumn('{task.description:<24}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
