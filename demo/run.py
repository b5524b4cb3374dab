"""In minutes: train one model, test it with every strategy, show what merging buys."""

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
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

from benchmarks.mim_runs import read_metrics, run_mim
from mmseg_tome.analysis.comparison import STOCK, Comparison
from mmseg_tome.analysis.provenance import device_name
from mmseg_tome.analysis.quiet import quiet_logs
from mmseg_tome.config_files import config_root

from .tasks import DATASETS, Task

_REPEATS = 7  # timed passes of each strategy; their median is reported


@dataclass(frozen=True)
class DemoResult:
    """What a demo leaves behind.

    Args:
        task: What was learned.
        tables: By title; each with one row per strategy.
        caption: Data, device, versions and date of the tables.
        folder: Where everything was written.
        checkpoint: The trained model.
        config: The config it was trained with.
    """

    task: Task
    tables: dict[str, pd.DataFrame]
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
        with quiet_logs():
            comparison = _compare(config, data_root, checkpoint)
            seconds = _time(comparison, task, progress)
            task.draw(comparison, task.strategies, folder / 'comparison.png')
            tables = {'One checkpoint, every strategy': make_table(seconds, metrics, task.metrics)}
            for size, larger in data.larger.items():
                same_model = _compare(config_root() / larger, data_root, checkpoint)
                seconds = _time(same_model, task, progress, f', {size}')
                tables[f'Speed of the same checkpoint at {size}'] = make_table(seconds)
    threads = torch.get_num_threads()
    caption = (
        f'Segformer++HQ B0 trained on {data.what} for minutes, tested on '
        f'{len(comparison.dataset)} images with every strategy. {task.note} '
        f'{device_name("cpu")}, {threads} thread{"s" * (threads > 1)}, fp32, '
        f'batch 1; torch {torch.__version__}; {date.today()}.'
    )
    _write_tables(tables, caption, folder)
    return DemoResult(task, tables, caption, folder, checkpoint, config)


def make_table(
    seconds: Mapping[str, float],
    metrics: Mapping[str, Mapping[str, float]] | None = None,
    shown: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Put quality and speed side by side.

    Args:
        seconds: Seconds per image by strategy, and of the stock model under ``'stock'``.
        metrics: Results of ``mim test`` by strategy; without them, the table is of speed alone.
        shown: The results to show, and what each is multiplied by.

    Returns:
        One row per strategy, the stock model's first. Its quality is that of ``none``: the outputs
        are the same.
    """
    metrics = {STOCK: metrics['none'], **metrics} if metrics else {}
    return pd.DataFrame(
        {
            'strategy': name,
            **{key: round(factor * metrics[name][key], 2) for key, factor in (shown or {}).items()},
            'ms per image': round(1000 * value, 1),
            'speed-up over stock': round(seconds[STOCK] / value, 2),
            'speed-up over none': round(seconds['none'] / value, 2),
        }
        for name, value in seconds.items()
    )


def print_result(result: DemoResult, console: Console) -> None:
    """Show the tables, and say what was written and what to do next."""
    for title, content in result.tables.items():
        table = Table(title=title)
        for column in content.columns:
            table.add_column(column, justify='left' if column == 'strategy' else 'right')
        for row in content.itertuples(index=False):
            table.add_row(*(str(value) for value in row))
        console.print(table)
    console.print(f'{result.caption}\n', highlight=False)
    console.print(
        f'Tables:     {result.folder / "table.md"}\n'
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


def _compare(config: Path, data_root: Path, checkpoint: Path) -> Comparison:
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.data_root = str(data_root.absolute())
    # What OpenMMLab prints while it loads would get between the bars.
    with redirect_stdout(io.StringIO()):
        return Comparison(cfg, checkpoint)


def _time(
    comparison: Comparison, task: Task, progress: Progress, where: str = ''
) -> dict[str, float]:
    passes = (len(task.strategies) + 1) * (_REPEATS + 1)
    bar = progress.add_task(f'time inference{where}', total=passes)
    return comparison.seconds_per_image(
        task.strategies, _REPEATS, on_step=lambda: progress.advance(bar)
    )


def _write_tables(tables: Mapping[str, pd.DataFrame], caption: str, folder: Path) -> None:
    parts = []
    for number, (title, table) in enumerate(tables.items(), 1):
        table.to_csv(folder / f'table{number if number > 1 else ""}.csv', index=False)
        parts.append(f'{title}:\n\n{table.to_markdown(index=False)}')
    (folder / 'table.md').write_text('\n\n'.join([*parts, caption]) + '\n')


def _progress_bars() -> Progress:
    return Progress(
        TextColumn('{task.description:<25}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
