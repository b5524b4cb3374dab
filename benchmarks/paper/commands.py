"""From the command line's arguments to tables and figures."""

import io
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import torch
from rich.console import Console

from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.quiet import quiet_logs
from mmseg_tome.analysis.workload import Workload

from .complexity_table import make_complexity_table
from .context import RunContext
from .figures import draw_figure
from .inference_table import make_inference_table
from .pose_figure import PoseFigure
from .recipe import make_recipe
from .report import Report
from .resolution_table import make_resolution_table
from .runs import Runs
from .segmentation_figure import SegmentationFigure
from .strategies import read_presets, read_strategies
from .training_table import TABLE_3, TABLE_4, make_training_table

_POSE = ('table4', 'figure4')


def run(args: Namespace) -> None:
    """Make the table or figure that ``args.table`` names, and say where it is.

    Raises:
        ValueError: If an argument is not allowed.
        FileNotFoundError: If a file or a dataset is missing.
        MimError: If a run fails.
        InUseError: If another process computes the same result.
    """
    with quiet_logs():
        _COMMANDS[args.table](args)


def _training(args: Namespace) -> None:
    if len(set(args.seeds)) < len(args.seeds):
        raise ValueError(f'--seeds {args.seeds} names one twice')
    strategies = read_strategies(args.strategies, _scope(args))
    table = TABLE_4 if args.table in _POSE else TABLE_3
    runs = _runs(args)
    with _Shown(runs.context) as shown:
        make_training_table(table, runs, strategies, args.seeds, shown.write)


def _inference(args: Namespace) -> None:
    strategies = read_strategies(args.strategies, _scope(args))
    if args.batch < 1:
        raise ValueError(f'--batch {args.batch}: give 1 or more')
    runs = _runs(args)
    with _Shown(runs.context) as shown:
        make_inference_table(runs, strategies, args.checkpoints, args.batch, shown.write)


def _complexity(args: Namespace) -> None:
    presets = read_presets(args.strategies)
    context = _timing_context(args)
    with _Shown(context) as shown:
        shown.write(make_complexity_table(context, args.model, args.size, presets))


def _resolutions(args: Namespace) -> None:
    presets = read_presets(args.strategies)
    context = _timing_context(args)
    workloads = [
        Workload(args.model, height, width, args.batch, args.dtype, context.device)
        for width, height in args.sizes
    ]
    with _Shown(context) as shown:
        make_resolution_table(context, workloads, presets, shown.write)


def _figure(args: Namespace) -> None:
    figure = PoseFigure(args.boxes) if args.table in _POSE else SegmentationFigure()
    strategies = read_strategies(args.strategies, _scope(args))
    if not args.checkpoint.is_file():
        raise FileNotFoundError(f'--checkpoint {args.checkpoint}: there is no such file')
    if args.count < 1:
        raise ValueError(f'--count {args.count}: give 1 or more')
    recipe = make_recipe(args.config, args.cfg_options, scope=_scope(args))
    device, out = _device(args), _out(args, recipe.config.stem)
    progress = Progress(Console(file=sys.stdout))
    # What OpenMMLab prints while it loads would get between the lines.
    with progress, progress.step('predict and draw'), redirect_stdout(io.StringIO()):
        report, pictures = draw_figure(
            figure, recipe, args.checkpoint, strategies, args.images, args.count, device, out
        )
    _show(report, [*report.write(pictures[0].parent), *pictures])


_COMMANDS = {
    'complexity': _complexity,
    'table5': _resolutions,
    'table2': _inference,
    'table3': _training,
    'table4': _training,
    'figure1': _figure,
    'figure4': _figure,
}


class _Shown:
    """Progress, with the newest state of a report in files, and printed at the end."""

    def __init__(self, context: RunContext) -> None:
        self._context = context

    def write(self, report: Report) -> None:
        self._report, self._paths = report, report.write(self._context.out)

    def __enter__(self) -> '_Shown':
        self._context.progress.__enter__()
        return self

    def __exit__(self, error: type | None, *details) -> None:
        self._context.progress.__exit__(error, *details)
        if error is None:
            _show(self._report, self._paths)


def _show(report: Report, paths: Sequence[Path]) -> None:
    # Not rendered: wide tables would lose their words in a terminal.
    print(f'\n{report.markdown}\nWritten: ' + ' '.join(map(str, paths)))


def _scope(args: Namespace) -> str:
    return 'mmpose' if args.table in _POSE else 'mmseg'


def _runs(args: Namespace) -> Runs:
    recipe = make_recipe(args.config, args.cfg_options, args.launch, _scope(args))
    return Runs(_context(args, recipe.config.stem), recipe)


def _timing_context(args: Namespace) -> RunContext:
    """Of a table that is of times alone."""
    if args.repeats == 0:
        raise ValueError('--repeats 0: this table is of times; give 1 or more')
    return _context(args, args.model)


def _context(args: Namespace, subject: str) -> RunContext:
    if args.repeats < 0:
        raise ValueError(f'--repeats {args.repeats}: give 0 or more')
    return RunContext(
        out=_out(args, subject),
        progress=Progress(),
        device=_device(args),
        repeats=args.repeats,
        any_code=args.any_code,
        command=args.command,
    )


def _out(args: Namespace, subject: str) -> Path:
    return (args.out or Path('outputs/reproduce') / f'{args.table}-{subject}').absolute()


def _device(args: Namespace) -> str:
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    if int(device.partition(':')[2] or 0) >= torch.cuda.device_count() and device != 'cpu':
        raise ValueError(f'--device {device}: this PyTorch sees no such GPU')
    return device
