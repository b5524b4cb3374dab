"""Reproduce the paper's tables and figures on your data and machine."""

import argparse
import re
from functools import partial
from pathlib import Path

from . import examples

PROGRAM = 'python tools/reproduce.py'
LAUNCH = {
    'launcher': dict(choices=['none', 'pytorch', 'slurm']),
    'gpus': dict(type=int),
    'gpus-per-node': dict(type=int),
    'cpus-per-task': dict(type=int),
    'port': dict(type=int),
    'partition': {},
    'srun-args': {},
}
_DEVICE = 'default: cuda if there is one, else cpu'


def build_parser() -> argparse.ArgumentParser:
    """The options of this command."""
    parser = _parser(argparse.ArgumentParser, examples.ALL, description=__doc__, prog=PROGRAM)
    tables = parser.add_subparsers(dest='table', metavar='TABLE', required=True)
    add = partial(_add_table, tables)

    table = add('table2', 'test checkpoints with every strategy, unchanged', examples.TABLE_2)
    _add_config(table)
    table.add_argument('--checkpoints', nargs='+', type=Path, required=True, metavar='FILE')
    _add_output(table)
    _add_launch(table)
    _add_speed(table, 'inference').add_argument(
        '--batch', type=int, default=1, help='images at once (default: 1)'
    )

    for name, what, epilog in (
        ('table3', 'a segmentor', examples.TABLE_3),
        ('table4', 'a pose model', examples.TABLE_4),
    ):
        table = add(name, f'train {what} with every strategy, then test', epilog)
        _add_config(table)
        table.add_argument('--seeds', nargs='+', type=int, default=[0], help='default: 0')
        _add_output(table)
        _add_launch(table)
        _add_speed(table, 'training steps')

    table = add('table5', 'speed-ups over resolutions', examples.TABLE_5)
    _add_model(table)
    paper = [(512, 512), (640, 640), (1024, 1024), (2048, 1024), (3840, 2160)]
    table.add_argument(
        '--sizes', nargs='+', type=_size, default=paper, metavar='WxH', help="default: the paper's"
    )
    table.add_argument('--dtype', default='fp32', choices=['fp32', 'fp16', 'bf16'])
    table.add_argument(
        '--batch', type=_batch, default='auto', help='or auto, the fastest of each (default: auto)'
    )
    _add_output(table)
    _add_speed(table, 'inference')

    table = add('complexity', "the paper's formulas, counts and times", examples.COMPLEXITY)
    _add_model(table)
    table.add_argument('--size', type=_size, default=(1024, 1024), metavar='WxH')
    _add_output(table)
    _add_speed(table, 'steps')

    for name, what, epilog in (
        ('figure1', 'segmentations', examples.FIGURE_1),
        ('figure4', 'poses', examples.FIGURE_4),
    ):
        table = add(name, f'{what} side by side, with their differences marked', epilog)
        _add_config(table)
        table.add_argument('--checkpoint', type=Path, required=True, metavar='FILE')
        table.add_argument(
            '--images', nargs='+', type=Path, default=[], help='or folders (default: the test set)'
        )
        if name == 'figure4':
            table.add_argument('--boxes', type=Path, help='COCO annotations (default: whole image)')
        table.add_argument('--count', type=int, default=3, help='of the test set (default: 3)')
        _add_output(table, kept=False)
        table.add_argument('--device', type=_device, help=_DEVICE)
    return parser


def _parser(make, epilog: str, **kwargs) -> argparse.ArgumentParser:
    return make(epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)


def _add_table(tables, name: str, help: str, epilog: str) -> argparse.ArgumentParser:
    return _parser(tables.add_parser, epilog, name=name, help=help, description=help)


def _add_model(parser: argparse.ArgumentParser) -> None:
    variants = [f'b{n}' for n in range(6)]
    parser.add_argument('--model', default='b0', choices=variants, help='default: b0')


def _add_output(parser: argparse.ArgumentParser, kept: bool = True) -> None:
    add = parser.add_argument
    add('--strategies', nargs='+', default=[], help='presets, YAML or JSON files (default: all)')
    add('--out', type=Path, help='folder (default: outputs/reproduce/TABLE-CONFIG)')
    if kept:
        add(
            '--any-code', action='store_true', help='keep results of other versions of this package'
        )


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
    group.add_argument('--device', type=_device, help=_DEVICE)
    return group


def launch_arguments(args: argparse.Namespace) -> list[str]:
    """What is passed on to mim."""
    passed = []
    for name in LAUNCH:
        value = getattr(args, name.replace('-', '_'), None)
        passed += [] if value is None else [f'--{name}', str(value)]
    return passed


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    # Below 128 pixels a cell of 4x4 tokens is larger than the map of stage 4: tomesd crashes.
    if not match or min(map(int, match.groups())) < 128:
        raise argparse.ArgumentTypeError(f'{text!r}: give WxH in pixels, at least 128x128')
    return int(match[1]), int(match[2])


def _batch(text: str) -> int | str:
    if text != 'auto' and (not text.isdigit() or int(text) < 1):
        raise argparse.ArgumentTypeError(f'{text!r}: give a positive number, or auto')
    return text if text == 'auto' else int(text)


def _device(text: str) -> str:
    if not re.fullmatch(r'cpu|cuda(:\d+)?', text):
        raise argparse.ArgumentTypeError(f'{text!r}: give cpu, cuda or cuda:1')
    return text
