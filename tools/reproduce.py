"""Reproduce the paper's tables and figures on your data and machine."""

import argparse
import re
import signal
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

EXAMPLES = """\
examples:
  python tools/reproduce.py table3 --config cityscapes/b0 --seeds 0 1 2
      every strategy trained three times, by ordinary `mim train` and `mim test` runs
  python tools/reproduce.py table3 --help
      what a table takes, with examples

Interrupted, the same command goes on where it stopped. What is finished is kept, and computed again
only if its config, options, checkpoint or code changed; the command says which.
"""

TABLE_2_EXAMPLES = """\
examples:
  python tools/reproduce.py table2 --config cityscapes/b5 --checkpoints segformer_b5.pth --batch 8
      as the paper: one checkpoint, every strategy

  python tools/reproduce.py table2 --config configs/camvid/….py \\
      --checkpoints outputs/reproduce/table3-…/checkpoints/none-seed*.pth
      what table3 trained without merging: means and spreads over the seeds

  python tools/reproduce.py table2 --config cityscapes/b0 --checkpoints segformer.pth \\
      --strategies hq rates.yaml
      custom rates
"""

TABLE_3_EXAMPLES = """\
examples:
  python tools/reproduce.py table3 --config cityscapes/b5 --launcher pytorch --gpus 4 \\
      --cfg-options auto_scale_lr.enable=True
      as the paper, on four GPUs

  python tools/reproduce.py table3 \\
      --config configs/camvid/segformer_mit-b0_none_1xb4-600i_camvid-480x360.py --seeds 0 1 2 \\
      --cfg-options train_dataloader.dataset.data_root=DIR val_dataloader.dataset.data_root=DIR \\
      test_dataloader.dataset.data_root=DIR
      in minutes a run on a CPU

Trained weights are in OUT/checkpoints/<strategy>-seed<seed>.pth.
"""


TABLE_4_EXAMPLES = """\
examples:
  python tools/reproduce.py table4 --config jbd/b5
      as the paper, on the Jump Broadcast Dataset
  python tools/reproduce.py table4 --config athletes/b0 --seeds 0 1 2 \\
      --cfg-options train_dataloader.dataset.data_root=DIR val_dataloader.dataset.data_root=DIR \\
      test_dataloader.dataset.data_root=DIR
      generated athletes, in minutes a run on a CPU
"""

TABLE_5_EXAMPLES = """\
examples:
  python tools/reproduce.py table5 --model b5 --device cuda
      the paper's sizes
  python tools/reproduce.py table5 --model b0 --sizes 512x512 640x640 --batch 1 --repeats 3
      in a minute or two on a CPU
"""

COMPLEXITY_EXAMPLES = """\
examples:
  python tools/reproduce.py complexity --model b5 --size 2048x1024
  python tools/reproduce.py complexity --model b0 --size 512x512 --strategies none hq --repeats 3
      in seconds
"""


FIGURE_1_EXAMPLES = """\
examples:
  python tools/reproduce.py figure1 --config cityscapes/b0 --checkpoint segformer_b0.pth \\
      --images street.png more_images/
  python tools/reproduce.py figure1 --config cityscapes/b0 --checkpoint segformer_b0.pth --count 4
      four images of the test set, with ground truth
"""

FIGURE_4_EXAMPLES = """\
examples:
  python tools/reproduce.py figure4 --config jbd/b0 --checkpoint segformer_b0.pth --count 4
      four people of the test set, over the ground truth
  python tools/reproduce.py figure4 --config coco/b0 --checkpoint segformer_b0.pth \\
      --images images/ --boxes annotations.json
      people in images, by boxes in COCO's format; over the unmerged prediction
"""


def size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    # Below 128 pixels a cell of 4x4 tokens is larger than the map of stage 4: tomesd crashes.
    if not match or min(map(int, match.groups())) < 128:
        raise argparse.ArgumentTypeError(f'{text!r}: give WxH in pixels, at least 128x128')
    return int(match[1]), int(match[2])


def batch(text: str) -> int | str:
    if text != 'auto' and (not text.isdigit() or int(text) < 1):
        raise argparse.ArgumentTypeError(f'{text!r}: give a positive number, or auto')
    return text if text == 'auto' else int(text)


def device(text: str) -> str:
    if not re.fullmatch(r'cpu|cuda(:\d+)?', text):
        raise argparse.ArgumentTypeError(f'{text!r}: give cpu, cuda or cuda:1')
    return text


LAUNCH = {
    'launcher': dict(choices=['none', 'pytorch', 'slurm']),
    'gpus': dict(type=int),
    'gpus-per-node': dict(type=int),
    'cpus-per-task': dict(type=int),
    'port': dict(type=int),
    'partition': {},
    'srun-args': {},
}
DEVICE = 'default: cuda if there is one, else cpu'


def build_parser() -> argparse.ArgumentParser:
    parser = _parser(argparse.ArgumentParser, EXAMPLES, description=__doc__)
    tables = parser.add_subparsers(dest='table', metavar='TABLE', required=True)
    add = partial(_add_table, tables)

    table = add('table2', 'test checkpoints with every strategy, unchanged', TABLE_2_EXAMPLES)
    _add_config(table)
    table.add_argument('--checkpoints', nargs='+', type=Path, required=True, metavar='FILE')
    _add_output(table)
    _add_launch(table)
    _add_speed(table, 'inference').add_argument(
        '--batch', type=int, default=1, help='images at once (default: 1)'
    )

    for name, what, examples in (
        ('table3', 'a segmentor', TABLE_3_EXAMPLES),
        ('table4', 'a pose model', TABLE_4_EXAMPLES),
    ):
        table = add(name, f'train {what} with every strategy, then test', examples)
        _add_config(table)
        table.add_argument('--seeds', nargs='+', type=int, default=[0], help='default: 0')
        _add_output(table)
        _add_launch(table)
        _add_speed(table, 'training steps')

    table = add('table5', 'speed-ups over resolutions', TABLE_5_EXAMPLES)
    _add_model(table)
    paper = [(512, 512), (640, 640), (1024, 1024), (2048, 1024), (3840, 2160)]
    table.add_argument(
        '--sizes', nargs='+', type=size, default=paper, metavar='WxH', help="default: the paper's"
    )
    table.add_argument('--dtype', default='fp32', choices=['fp32', 'fp16', 'bf16'])
    table.add_argument(
        '--batch', type=batch, default='auto', help='or auto, the fastest of each (default: auto)'
    )
    _add_output(table)
    _add_speed(table, 'inference')

    table = add('complexity', "the paper's formulas, counts and times", COMPLEXITY_EXAMPLES)
    _add_model(table)
    table.add_argument('--size', type=size, default=(1024, 1024), metavar='WxH')
    _add_output(table)
    _add_speed(table, 'steps')

    for name, what, examples in (
        ('figure1', 'segmentations', FIGURE_1_EXAMPLES),
        ('figure4', 'poses', FIGURE_4_EXAMPLES),
    ):
        table = add(name, f'{what} side by side, with their differences marked', examples)
        _add_config(table)
        table.add_argument('--checkpoint', type=Path, required=True, metavar='FILE')
        table.add_argument(
            '--images', nargs='+', type=Path, default=[], help='or folders (default: the test set)'
        )
        if name == 'figure4':
            table.add_argument('--boxes', type=Path, help='COCO annotations (default: whole image)')
        table.add_argument('--count', type=int, default=3, help='of the test set (default: 3)')
        _add_output(table, cells=False)
        table.add_argument('--device', type=device, help=DEVICE)
    return parser


def _parser(make, epilog: str, **kwargs) -> argparse.ArgumentParser:
    return make(epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)


def _add_table(tables, name: str, help: str, examples: str) -> argparse.ArgumentParser:
    return _parser(tables.add_parser, examples, name=name, help=help, description=help)


def _add_model(parser: argparse.ArgumentParser) -> None:
    variants = [f'b{n}' for n in range(6)]
    parser.add_argument('--model', default='b0', choices=variants, help='default: b0')


def _add_output(parser: argparse.ArgumentParser, cells: bool = True) -> None:
    add = parser.add_argument
    add('--strategies', nargs='+', default=[], help='presets, YAML or JSON files (default: all)')
    add('--out', type=Path, help='folder (default: outputs/reproduce/TABLE-CONFIG)')
    if cells:
        add('--any-code', action='store_true', help='keep cells of other versions of this package')


def _add_config(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        '--config', required=True, help='path of a config without merging, or such as cityscapes/b5'
    )
    add(
        '--cfg-options',
        nargs='+',
        action='extend',
        default=[],
        metavar='KEY=VALUE',
        help='as in mim',
    )


def _add_launch(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('where runs go', 'passed on to mim')
    for name, options in LAUNCH.items():
        group.add_argument(f'--{name}', **options)


def _add_speed(parser: argparse.ArgumentParser, what: str) -> argparse._ArgumentGroup:
    group = parser.add_argument_group(f'timing of {what}', 'in this process')
    group.add_argument('--repeats', type=int, default=7, help='0: none (default: 7)')
    group.add_argument('--device', type=device, help=DEVICE)
    return group


def launch_arguments(args: argparse.Namespace) -> list[str]:
    """What is passed on to mim."""
    passed = []
    for name in LAUNCH:
        value = getattr(args, name.replace('-', '_'), None)
        passed += [] if value is None else [f'--{name}', str(value)]
    return passed


def main(arguments: list[str] | None = None) -> int:
    args = build_parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):  # what was started must end with this process
        signal.signal(number, signal.default_int_handler)
    try:
        return run(args)
    except KeyboardInterrupt:
        print('Interrupted. The same command resumes from here.', file=sys.stderr)
        return 130


def run(args: argparse.Namespace) -> int:
    # Imported late, so that --help and mistyped arguments answer at once.
    from benchmarks.mim_runs import MimError
    from benchmarks.paper import commands
    from benchmarks.paper.cells import CellInUseError

    args.launch = launch_arguments(args)
    try:
        commands.run(args)
    except (ValueError, OSError, MimError, CellInUseError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
