"""In minutes: train one model, test it with every strategy, show what merging buys."""

import io
from contextlib import redirect_stdout
from datetime import date, datetime
from pathlib import Path

import torch

from benchmarks.mim_runs import read_metrics, run_mim
from mmseg_tome.analysis.comparison import Comparison
from mmseg_tome.analysis.loading import load_config
from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.provenance import device_name, provenance
from mmseg_tome.analysis.quiet import quiet_logs
from mmseg_tome.analysis.results import write_csv
from mmseg_tome.config_files import config_root

from .result import DemoResult, make_table, write_tables
from .rows import demo_rows
from .tasks import DATASETS, POSE, Task

_REPEATS = 7  # timed passes of each strategy; their median is reported


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
    with Progress() as progress:
        checkpoint = _train(task, config, data_options, folder, progress)
        metrics = _test(task, config, data_options, checkpoint, folder, progress)
        with quiet_logs():
            comparison = _compare(config, data_root, checkpoint)
            seconds = _time(comparison, task, progress)
            task.draw(comparison, task.strategies, folder / 'comparison.png')
            tables = {'One checkpoint, every strategy': make_table(seconds, metrics, task.metrics)}
            images = len(comparison.dataset)
            quality = (metrics, task.metrics, images)
            rows = demo_rows(dataset, _size(comparison), seconds, _REPEATS, *quality)
            for size, larger in data.larger.items():
                same_model = _compare(config_root() / larger, data_root, checkpoint)
                seconds = _time(same_model, task, progress, f', {size}')
                tables[f'Speed of the same checkpoint at {size}'] = make_table(seconds)
                rows += demo_rows(dataset, _size(same_model), seconds, _REPEATS)
    threads = torch.get_num_threads()
    caption = (
        f'Segformer++HQ B0 trained on {data.what} for minutes, tested on '
        f'{images} images with every strategy. {task.note} '
        f'{device_name("cpu")}, {threads} thread{"s" * (threads > 1)}, fp32, '
        f'batch 1; torch {torch.__version__}; {date.today()}.'
    )
    write_tables(tables, caption, folder)
    command = 'make demo-pose' if task is POSE else 'make demo'
    measured_at = provenance('cpu')
    write_csv([row.at(measured_at, command=command) for row in rows], folder / 'results.csv')
    return DemoResult(task, tables, caption, folder, checkpoint, config)


def _train(task: Task, config: Path, options: list[str], folder: Path, progress: Progress) -> Path:
    work_dir = folder / 'train'
    run_mim(
        ['train', task.package, str(config), '--work-dir', str(work_dir)]
        # No validation at the end: every strategy is tested next.
        + ['--cfg-options', *options, 'train_cfg.val_begin=1000000'],
        folder / 'train.log',
        progress,
        'train Segformer++HQ B0',
        epochs=load_config(config).train_cfg.get('max_epochs', 1),
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
    cfg = load_config(config, {'test_dataloader.dataset.data_root': str(data_root.absolute())})
    # What OpenMMLab prints while it loads would get between the bars.
    with redirect_stdout(io.StringIO()):
        return Comparison(cfg, checkpoint)


def _size(comparison: Comparison) -> tuple[int, int]:
    height, width = comparison.dataset[0]['inputs'].shape[-2:]
    return height, width


def _time(
    comparison: Comparison, task: Task, progress: Progress, where: str = ''
) -> dict[str, float]:
    passes = (len(task.strategies) + 1) * (_REPEATS + 1)
    with progress.step(f'time inference{where}', passes) as step:
        return comparison.seconds_per_image(task.strategies, _REPEATS, on_step=step.advance)
