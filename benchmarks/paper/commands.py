"""From the command line's arguments to tables."""

import io
from argparse import Namespace
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import torch

from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.quiet import quiet_logs
from mmseg_tome.strategies import PRESETS

from .complexity_table import make_complexity_table
from .figures import draw_figure_1, draw_figure_4
from .inference_table import make_inference_table
from .recipe import make_recipe, read_strategies
from .report import Report
from .resolution_table import make_resolution_table
from .runs import Runs, Workplace
from .training_table import TABLE_3, TABLE_4, make_training_table


def run(args: Namespace) -> None:
    """Make the table that ``args.table`` names, and say where it is.

    Raises:
        ValueError: If an argument is not allowed.
        FileNotFoundError: If a file or a data set is missing.
        MimError: If a run fails.
        CellInUseError: If another process computes the same cell.
    """
    with quiet_logs():
        _COMMANDS[args.table](args)


def _training(args: Namespace) -> None:
    table = {'table3': TABLE_3, 'table4': TABLE_4}[args.table]
    scope = 'mmseg' if table is TABLE_3 else 'mmpose'
    if len(set(args.seeds)) < len(args.seeds):
        raise ValueError(f'--seeds {args.seeds} names one twice')
    strategies = read_strategies(args.strategies, scope)
    runs = _runs(args, scope)
    last = _Last(runs.out)
    with runs.progress:
        make_training_table(
            table, runs, strategies, args.seeds, args.repeats, _device(args), last.write
        )
    last.show()


def _inference(args: Namespace) -> None:
    strategies = read_strategies(args.strategies, 'mmseg')
    if args.batch < 1:
        raise ValueError(f'--batch {args.batch}: give 1 or more')
    runs = _runs(args, 'mmseg')
    last = _Last(runs.out)
    with runs.progress:
        make_inference_table(
            runs,
            strategies,
            args.checkpoints,
            args.repeats,
            args.batch,
            _device(args),
            last.write,
        )
    last.show()


def _complexity(args: Namespace) -> None:
    presets = _presets(args)
    _at_least_one(args)
    place = Workplace(**_place(args, args.model))
    last = _Last(place.out)
    with place.progress:
        last.write(
            make_complexity_table(
                place, args.model, args.size, presets, args.repeats, _device(args)
            )
        )
    last.show()


def _resolutions(args: Namespace) -> None:
    presets = _presets(args)
    _at_least_one(args)
    place = Workplace(**_place(args, args.model))
    last = _Last(place.out)
    with place.progress:
        make_resolution_table(
            place,
            args.model,
            args.sizes,
            args.dtype,
            args.batch,
            presets,
            args.repeats,
            _device(args),
            last.write,
        )
    last.show()


def _figure(args: Namespace) -> None:
    scope = 'mmseg' if args.table == 'figure1' else 'mmpose'
    strategies = read_strategies(args.strategies, scope)
    if not args.checkpoint.is_file():
        raise FileNotFoundError(f'--checkpoint {args.checkpoint}: there is no such file')
    if args.count < 1:
        raise ValueError(f'--count {args.count}: give 1 or more')
    recipe = make_recipe(args.config, args.cfg_options, scope=scope)
    common = (recipe, args.checkpoint, strategies, args.images)
    last = [args.count, _device(args), _out(args, recipe.config.stem)]
    with redirect_stdout(io.StringIO()):  # what OpenMMLab prints while it loads
        if args.table == 'figure1':
            report, pictures = draw_figure_1(*common, *last)
        else:
            report, pictures = draw_figure_4(*common, args.boxes, *last)
    written = report.write(pictures[0].parent)
    _show(report, [*written, *pictures])


def _presets(args: Namespace) -> list[str]:
    """The strategies of tables that need no config: presets only."""
    strategies = read_strategies(args.strategies, 'mmseg')
    if files := set(strategies) - set(PRESETS):
        raise ValueError(f'--strategies {", ".join(files)}: allowed here are {", ".join(PRESETS)}')
    return list(strategies)


def _at_least_one(args: Namespace) -> None:
    if args.repeats == 0:
        raise ValueError('--repeats 0: this table is of times; give 1 or more')


_COMMANDS = {
    'complexity': _complexity,
    'table5': _resolutions,
    'table2': _inference,
    'table3': _training,
    'figure1': _figure,
    'figure4': _figure,
    'table4': _training,
}


class _Last:
    """The newest state of a report."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def write(self, report: Report) -> None:
        self._report, self._paths = report, report.write(self._out)

    def show(self) -> None:
        _show(self._report, self._paths)


def _show(report: Report, paths: Sequence[Path]) -> None:
    # As it is: rendered, wide tables would lose their words in a terminal.
    print(f'\n{report.markdown}\nWritten: ' + ' '.join(map(str, paths)))


def _runs(args: Namespace, scope: str) -> Runs:
    recipe = make_recipe(args.config, args.cfg_options, args.launch, scope)
    return Runs(**_place(args, recipe.config.stem), recipe=recipe)


def _place(args: Namespace, subject: str) -> dict:
    """The arguments of :class:`Workplace`."""
    if args.repeats < 0:
        raise ValueError(f'--repeats {args.repeats}: give 0 or more')
    return {'out': _out(args, subject), 'progress': Progress(), 'any_code': args.any_code}


def _out(args: Namespace, subject: str) -> Path:
    return (args.out or Path('outputs/reproduce') / f'{args.table}-{subject}').absolute()


def _device(args: Namespace) -> str:
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    if int(device.partition(':')[2] or 0) >= torch.cuda.device_count() and device != 'cpu':
        raise ValueError(f'--device {device}: this PyTorch sees no such GPU')
    return device
