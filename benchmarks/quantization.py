"""INT8 beside fp32, in every runtime: metrics, time and size on disk of exported segmentors."""

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from mmengine.model import BaseModel

from benchmarks import without_retraining
from benchmarks.paper.strategies import read_strategies
from mmseg_tome.analysis.export.driver import Exporter, with_runtime
from mmseg_tome.analysis.export.pictures import generate
from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.provenance import provenance
from mmseg_tome.analysis.quiet import quiet_logs
from mmseg_tome.analysis.results import Result, write_csv
from mmseg_tome.analysis.search.images import evenly, labeled_source, load
from mmseg_tome.analysis.search.scoring import agreement_scorer, labeled_scorer
from mmseg_tome.analysis.timing import interleaved_times
from mmseg_tome.cli.search import parse_cfg_options
from mmseg_tome.deploy.export import FORMATS, Settings
from mmseg_tome.deploy.runtimes import RuntimeOptions, open_exported

EXPERIMENT = 'quantization'
IMPLEMENTATIONS = {'openvino': 'openvino', 'onnx': 'onnxruntime'}
PRECISIONS = ('fp32', 'int8')
COMMAND = 'python -m benchmarks.quantization'
EXAMPLES = """\
examples:
  python -m benchmarks.quantization CONFIG CHECKPOINT outputs/int8 \\
      --cfg-options train_dataloader.dataset.data_root=DATA test_dataloader.dataset.data_root=DATA
      every preset in both runtimes, calibrated by 100 images of the training set

  python -m benchmarks.quantization CONFIG CHECKPOINT outputs/int8 --strategies none balanced \\
      --formats openvino --images 30
"""


@dataclass(frozen=True)
class File:
    """An exported model."""

    format: str
    strategy: str
    precision: str
    path: Path

    def __str__(self) -> str:
        return f'{self.format}-{self.strategy}-{self.precision}'

    def bytes(self) -> int:
        """Its size on disk, weights in a file of their own included."""
        weights = self.path.with_suffix('.bin')
        return self.path.stat().st_size + (weights.stat().st_size if weights.exists() else 0)


def write(
    exporter: Exporter, strategy: str, formats: Sequence[str], folder: Path, images: int
) -> Iterator[File]:
    """Export a model in every format, in fp32 and in INT8.

    Args:
        exporter: Of the model, with the strategy.
        strategy: Its name.
        formats: Such as ``'onnx'``.
        folder: Where files are written.
        images: Of the training set, to calibrate by.
    """
    for name in formats:
        for precision in PRECISIONS:
            path = folder / f'{name}-{strategy}-{precision}{FORMATS[name]}'
            settings = Settings(name, exporter.default_size(), precision=precision)
            exporter.write(path, settings, 'config' if precision == 'int8' else None, images)
            yield File(name, strategy, precision, path)


def times(files: Sequence[File], repeats: int, progress: Progress) -> dict[File, list[float]]:
    """Time files on a generated picture, in turns, on as many threads as PyTorch has."""
    runtimes = {str(file): open_exported(file.path, _options()) for file in files}
    metadata = next(iter(runtimes.values())).metadata
    assert metadata.width and metadata.height  # exported for one size
    picture = torch.from_numpy(generate(0, (metadata.width, metadata.height)))
    image = (picture.permute(2, 0, 1)[None].float() / 64 - 2).numpy()
    with progress.step('time', (2 + repeats) * len(files)) as step:
        found = interleaved_times(
            {name: lambda runtime=runtime: runtime(image) for name, runtime in runtimes.items()},
            repeats,
            warmup=2,
            on_step=step.advance,
        )
    return {file: found[str(file)] for file in files}


def _options() -> RuntimeOptions:
    return RuntimeOptions(threads=torch.get_num_threads())


def models(model: BaseModel, files: Sequence[File]) -> Iterator[tuple[str, BaseModel]]:
    """The model in PyTorch, and then computed by each file."""
    yield 'model', model
    for file in files:
        yield str(file), with_runtime(model, file.path, _options())


def measure(args: argparse.Namespace, progress: Progress) -> Iterator[Result]:
    """Yields rows of results: one model per format, strategy and precision, and PyTorch's."""
    options = parse_cfg_options(args.cfg_options)
    strategies = read_strategies(args.strategies, 'mmseg')
    # First, since what is missing should be said before all is exported.
    unmerged = Exporter(args.config, args.checkpoint, 'none', options)
    source = labeled_source(unmerged.cfg)
    chosen = evenly(len(source.paths), args.images)
    images = load(source, chosen)
    labeled = labeled_scorer(unmerged.cfg, source.meta)
    agreement = agreement_scorer(unmerged.model.decode_head.num_classes)
    args.out.mkdir(parents=True)
    files: list[File] = []
    with progress.step('export', len(strategies) * len(args.formats) * len(PRECISIONS)) as step:
        for name, tome_cfg in strategies.items():
            exporter = Exporter(args.config, args.checkpoint, tome_cfg, options)
            for file in write(exporter, name, args.formats, args.out, args.calibration_images):
                files.append(file)
                step.advance()
    with progress.step('predict', len(chosen) * (1 + len(files))) as step:
        found = without_retraining.predict(
            models(unmerged.model, files), images, labeled, agreement, step.advance
        )
    rows = _rows(args.config, files, unmerged.default_size())
    yield from without_retraining.results(found, labeled, agreement, args.block, rows.__getitem__)
    measured = times(files, args.repeats, progress)
    for file, seconds in measured.items():
        low, _, high = statistics.quantiles(seconds, n=4)
        row = replace(rows[str(file)], samples=len(seconds))
        value = statistics.median(seconds)
        yield replace(row, metric='seconds_per_image', value=value, low=low, high=high, unit='s')
        yield replace(row, metric='bytes', value=file.bytes(), unit='bytes', samples=1)


def _rows(config: Path, files: Sequence[File], size: tuple[int, int]) -> Mapping[str, Result]:
    """What the rows of each model have in common."""
    model = Result(
        EXPERIMENT, '', math.nan, model=without_retraining.model_name(config), width=size[0],
        height=size[1], batch='1', mode='inference', dataset=config.parent.name,
        implementation='ours', dtype='fp32', strategy='none',
    )  # fmt: skip
    return {
        'model': model,
        **{
            str(file): replace(
                model,
                implementation=IMPLEMENTATIONS[file.format],
                strategy=file.strategy,
                dtype=file.precision,
            )
            for file in files
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        'python -m benchmarks.quantization',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', type=Path, help='config of a segmentor with a MiT, training and test set')
    add('checkpoint', type=Path, help='its weights')
    add('out', type=Path, help='new folder for the files and quantization.csv')
    add('--formats', nargs='+', choices=list(IMPLEMENTATIONS), default=list(IMPLEMENTATIONS))
    add('--strategies', nargs='+', default=[], help='presets and files of rates (default: presets)')
    add('--images', type=int, help='test on so many, evenly over the set (default: all)')
    add('--calibration-images', type=int, default=100, help='default: %(default)s')
    add('--block', type=int, default=1, help='images drawn together for intervals')
    add('--repeats', type=int, default=15, help='timed passes of each file (default: %(default)s)')
    add('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE')
    args = parser.parse_args()
    for name, least in (('images', 1), ('calibration_images', 1), ('block', 1), ('repeats', 2)):
        value = getattr(args, name)
        if value is not None and value < least:
            parser.error(f'--{name.replace("_", "-")} {value}: give {least} or more')
    if args.out.exists():
        parser.error(f'{args.out} is there already: name a new folder')
    where = provenance('cpu')
    try:
        with quiet_logs(), Progress() as progress:
            rows = [row.at(where, command=COMMAND) for row in measure(args, progress)]
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')
    path = args.out / f'{EXPERIMENT}.csv'
    write_csv(rows, path)
    print(f'Written: {path}')


if __name__ == '__main__':
    main()
