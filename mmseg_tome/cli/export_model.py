"""Write a model for another runtime, and prove that the file computes the same."""

import argparse
import sys
from pathlib import Path

from .options import positive, size

EXAMPLES = """\
examples:
  python -m mmseg_tome export CONFIG CHECKPOINT --format onnx
      model.onnx for images of the size that the config tests on
  python -m mmseg_tome export CONFIG CHECKPOINT --format openvino --strategy balanced \\
      --size 1024x512
      model.xml and model.bin, with another strategy, for another size
  python -m mmseg_tome export CONFIG CHECKPOINT --format onnx --normalize --output classes
      for programs without PyTorch: takes images as OpenCV reads them, gives a class per pixel
  python -m mmseg_tome export CONFIG CHECKPOINT --format openvino --precision int8 \\
      --calibrate config --max-drop 0.5 --images 100
      in INT8, calibrated on the training set; refused if mIoU falls by more than half a point
  python -m mmseg_tome export CONFIG CHECKPOINT --verify-only model.onnx
      compares a file that is there

The file is then a checkpoint of the same config:
  mim test mmsegmentation CONFIG --checkpoint model.onnx

After writing, the file is loaded in its runtime and compared with PyTorch on the config's test
set, or on generated pictures where that is not there. Exits with 1 if it differs by more than
rounding, and keeps the file under a name with `.differs`. docs/deploy.md has the formats and
precisions.
"""
FORMATS = ('onnx', 'openvino', 'tensorrt', 'torch')


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome export',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', type=Path, help='config of a segmentor or pose estimator with a MiT')
    add('checkpoint', type=Path, help='its weights')
    add('--format', choices=FORMATS, default='onnx', help='default: %(default)s')
    add('--out', type=Path, help='the file (default: model with the suffix of the format)')
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        '--size', type=size(32), metavar='WxH', help="of images (default: the config's test size)"
    )
    shape.add_argument(
        '--dynamic', action='store_true', help='any batch, width and height in one file'
    )
    add('--batch', type=positive, default=1, help='images at once (default: %(default)s)')
    add('--strategy', help="preset, or a YAML or JSON file (default: the config's tome_cfg)")
    add(
        '--precision',
        choices=['fp32', 'fp16', 'bf16', 'int8'],
        default='fp32',
        help='default: %(default)s',
    )
    add(
        '--calibrate',
        metavar='FOLDER|config',
        help="for int8: a folder with images, or config for the config's training set",
    )
    add(
        '--calibration-images',
        type=positive,
        default=100,
        metavar='N',
        help='to calibrate by, evenly over the set (default: %(default)s)',
    )
    add(
        '--output',
        choices=['logits', 'classes', 'heatmaps', 'keypoints'],
        help='default: logits of a segmentor, heatmaps of a pose estimator',
    )
    add(
        '--normalize',
        action='store_true',
        help='take images as they are read: uint8, height x width x BGR',
    )
    add(
        '--images',
        type=positive,
        default=10,
        metavar='N',
        help='images to compare on (default: %(default)s)',
    )
    add(
        '--max-drop',
        type=float,
        metavar='POINTS',
        help='most that the metric of the config may fall, in percent points',
    )
    add('--verify-only', type=Path, metavar='FILE', help='write nothing, compare this file')
    add('--threads', type=int, default=0, help='of the runtime (default: its own choice)')
    add('--device', default='cpu', help="the runtime's name for it (default: %(default)s)")
    add(
        '--provider',
        default='CPUExecutionProvider',
        help='of ONNX Runtime (default: %(default)s)',
    )
    add('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE')
    return parser


def main(arguments: list[str]) -> int:
    """Writes and verifies the file, and returns the exit status."""
    args = build_parser().parse_args(arguments)
    # Imported late, so that --help and mistyped arguments answer at once.
    from ..analysis.export.driver import Exporter, rename_wrong
    from ..analysis.progress import Progress
    from ..analysis.quiet import quiet_logs
    from ..deploy.export import FORMATS as SUFFIXES
    from ..deploy.export import Settings
    from ..deploy.missing import MissingRuntimeError
    from ..deploy.runtimes import RuntimeOptions
    from .search import parse_cfg_options

    path = args.verify_only or args.out or Path(f'model{SUFFIXES[args.format]}')
    try:
        with Progress() as progress, quiet_logs():
            options = RuntimeOptions(args.threads, args.device, args.provider)
            exporter = Exporter(
                args.config, args.checkpoint, args.strategy, parse_cfg_options(args.cfg_options)
            )
            if args.verify_only is None:
                settings = Settings(
                    args.format,
                    args.size or exporter.default_size(),
                    args.dynamic,
                    args.batch,
                    args.precision,
                    args.output or '',
                    args.normalize,
                )
                path.parent.mkdir(parents=True, exist_ok=True)
                with progress.step(f'write {path}', 1) as step:
                    exporter.write(path, settings, args.calibrate, args.calibration_images)
                    step.advance()
            verdict = exporter.verify(path, args.images, options, progress, args.max_drop)
    except (ValueError, OSError, RuntimeError, MissingRuntimeError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    for note in verdict.notes:
        print(note)
    for comparison in verdict.comparisons:
        print(comparison.describe())
    _print_metrics(verdict.metrics)
    if verdict.problems:
        kept = path if args.verify_only else rename_wrong(path)
        print(f'error: {kept} is not what the model is:', *verdict.problems, file=sys.stderr)
        return 1
    print(f'Verified: {path}')
    if verdict.is_checkpoint:
        task = 'mmpose' if 'head' in exporter.cfg.model else 'mmsegmentation'
        print(f'Next: mim test {task} {args.config} --checkpoint {path}')
    return 0


def _print_metrics(metrics: dict[str, dict[str, float]]) -> None:
    for name in metrics.get('model', {}):
        ours, file = (metrics[key][name] for key in ('model', 'file'))
        print(f'{name}: model {ours:.2f}, file {file:.2f} ({file - ours:+.2f})')
