"""In minutes: train one model, test it with every strategy, show what merging buys."""

import platform
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
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
from ..presets import PRESETS
from .comparison import STOCK, Comparison
from .figures import draw_comparison
from .mim_runs import read_metrics, run_mim

_REPEATS = 7  # timed passes of each strategy; their median is reported


@dataclass(frozen=True)
class DemoData:
    """A data set that the demo can run on.

    Args:
        config: The config that is trained, below ``configs/``.
        what: What the data is, for headings.
    """

    config: str
    what: str


DATASETS = {
    'streets': DemoData(
        'streets/segformer_mit-b0_hq_1xb4-550i_streets-1024x512.py', 'generated street scenes'
    ),
    'camvid': DemoData('camvid/segformer_mit-b0_hq_1xb4-550i_camvid-480x360.py', 'CamVid'),
}


@dataclass(frozen=True)
class DemoResult:
    """What a demo leaves behind.

    Args:
        table: One row per strategy.
        caption: Data, device, versions and date of the table.
        folder: Where everything was written.
        checkpoint: The trained model.
        config: The config it was trained with.
    """

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
    config = config_root() / DATASETS[dataset].config
    folder = out.absolute() / f'{dataset}-{datetime.now():%Y%m%d-%H%M%S}'
    folder.mkdir(parents=True)
    data_options = [
        f'{split}_dataloader.dataset.data_root={data_root.absolute()}'
        for split in ('train', 'val', 'test')
    ]
    with _progress_bars() as progress:
        checkpoint = _train(config, data_options, folder, progress)
        metrics = _test(config, data_options, checkpoint, folder, progress)
        cfg = Config.fromfile(config)
        cfg.test_dataloader.dataset.data_root = str(data_root.absolute())
        # Each of a dozen models would say which strategy it has, into the bars.
        MMLogger.get_current_instance().setLevel('WARNING')
        comparison = Comparison(cfg, checkpoint)
        task = progress.add_task('time inference', total=(len(PRESETS) + 1) * (_REPEATS + 1))
        seconds = comparison.seconds_per_image(
            list(PRESETS), _REPEATS, on_step=lambda: progress.advance(task)
        )
    table = make_table(metrics, seconds)
    caption = (
        f'Segformer++HQ B0 trained on {DATASETS[dataset].what} for minutes, tested on '
        f'{len(comparison.dataset)} images with every strategy. '
        f'{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, fp32, '
        f'batch 1; torch {torch.__version__}; {date.today()}.'
    )
    _write_table(table, caption, folder)
    draw_comparison(
        comparison.samples([0, len(comparison.dataset) // 2], list(PRESETS)),
        comparison.dataset.metainfo['classes'],
        comparison.dataset.metainfo['palette'],
        folder / 'comparison.png',
    )
    return DemoResult(table, caption, folder, checkpoint, config)


def make_table(metrics: dict[str, dict[str, float]], seconds: dict[str, float]) -> pd.DataFrame:
    """Put quality and speed side by side.

    Args:
        metrics: Results of ``mim test`` by strategy.
        seconds: Seconds per image by strategy, and of the stock model under ``'stock'``.

    Returns:
        One row per strategy, the stock model's first. Its quality is that of ``none``: the outputs
        are the same.
    """
    rows = [(STOCK, metrics['none']), *metrics.items()]
    return pd.DataFrame(
        {
            'strategy': name,
            'mIoU': round(results['mIoU'], 2),
            'mIoU_small': round(results['mIoU_small'], 2),
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
        f'Checkpoint: {result.checkpoint}\n\n'
        'Next, on your own Cityscapes (leftImg8bit/ and gtFine/ with *_gtFine_labelTrainIds.png):\n'
        '  ln -s /path/to/cityscapes data/cityscapes\n'
        '  mim train mmsegmentation '
        'configs/cityscapes/segformer_mit-b0_hq_1xb4-160k_cityscapes-1024x1024.py\n'
        'or, with a SegFormer checkpoint that you have already, and any strategy:\n'
        '  mim test mmsegmentation '
        'configs/cityscapes/segformer_mit-b5_none_1xb4-160k_cityscapes-1024x1024.py \\\n'
        '    --checkpoint segformer_b5.pth --cfg-options model.backbone.tome_cfg=fast',
        soft_wrap=True,
        highlight=False,
    )


def _train(config: Path, options: list[str], folder: Path, progress: Progress) -> Path:
    work_dir = folder / 'train'
    run_mim(
        ['train', 'mmsegmentation', str(config), '--work-dir', str(work_dir)]
        # No validation at the end: every strategy is tested next.
        + ['--cfg-options', *options, 'train_cfg.val_begin=1000000'],
        folder / 'train.log',
        progress,
        'train Segformer++HQ B0',
    )
    return Path((work_dir / 'last_checkpoint').read_text().strip())


def _test(
    config: Path, options: list[str], checkpoint: Path, folder: Path, progress: Progress
) -> dict[str, dict[str, float]]:
    metrics = {}
    for strategy in PRESETS:
        work_dir = folder / f'test-{strategy}'
        run_mim(
            ['test', 'mmsegmentation', str(config), '--checkpoint', str(checkpoint)]
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
