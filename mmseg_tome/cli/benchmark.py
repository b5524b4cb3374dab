"""Time whole SegFormers on random images: stock, the published merging, and this project."""

import argparse
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

EXAMPLES = """\
examples:
  python -m mmseg_tome benchmark
      B0 at 512x512 and 1024x1024, in fp32 on the CPU, 5 repeats of 10 models: two minutes
  python -m mmseg_tome benchmark --models b5 --sizes 1024x1024 2048x1024 --device cuda \\
      --dtypes bf16 fp32 --batch auto
      each model at the batch size at which it is fastest
  python -m mmseg_tome benchmark --train --backbone-only --sizes 768x768 --models b2
      forward and backward passes, and the bytes that autograd keeps
  python -m mmseg_tome benchmark --columns 'stock none' 'ours none' 'ours hq'
      some models only

Run it again with the same --out to go on where it stopped; workloads that this code has measured on
this device are not measured again. A model that does not fit into memory has a note instead of a
time. Exits with 0 when all is measured, with 1 if a model failed or computes something else than
its reference, and with 3 if there is something left to measure.

fp32 is exact, in convolutions too, where PyTorch would round for tensor cores; tf32 rounds in both.
On CUDA, 'graphed' models are ours replayed as CUDA graphs. Models that torch.compile makes must be
asked for: --columns 'ours hq' 'compiled hq'.
"""
LEFT = 3


def size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    # Below 128 pixels a cell of 4x4 tokens is larger than the map of stage 4: tomesd crashes.
    if not match or min(map(int, match.groups())) < 128:
        raise argparse.ArgumentTypeError(f'{text!r}: give WxH in pixels, at least 128x128')
    return int(match[1]), int(match[2])


def batch(text: str) -> int | str:
    if text == 'auto':
        return text
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r}: give a positive number, or auto')
    return int(text)


def main(arguments: list[str]) -> int:
    """Measures what is left to measure, reports everything, and returns the exit status."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    import torch
    from rich.console import Console
    from rich.markdown import Markdown

    from ..analysis import benchmark, benchmark_report
    from ..analysis.benchmark_runs import CSV, BenchmarkRuns, Deadline
    from ..analysis.quiet import quiet_logs
    from ..analysis.store import InUseError
    from ..analysis.workload import Workload

    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error(
            f'--device {args.device}: this PyTorch sees no CUDA device; leave it out for a CPU'
        )
    mode = 'training' if args.train else 'inference'
    scope = 'backbone' if args.backbone_only else 'model'
    workloads = [
        Workload(model, height, width, args.batch, dtype, args.device, mode, scope)
        for width, height in args.sizes
        for model in args.models
        for dtype in args.dtypes
    ]
    chosen = choose_implementations(parser, args)
    command = shlex.join(['python', '-m', 'mmseg_tome', 'benchmark', *arguments])
    steps = benchmark.num_steps(chosen, args.repeats)
    with _progress() as progress, quiet_logs():

        def say(line: str, style: str | None = None) -> None:
            progress.console.print(line, style=style, markup=False, highlight=False)

        runs = BenchmarkRuns(args.out, chosen, args.repeats, say, command)
        todo = [workload for workload in workloads if runs.kept(workload) is None]
        left, deadline = len(todo), Deadline(args.minutes)
        task = progress.add_task('', total=left * steps)
        for number, workload in enumerate(todo):
            if deadline.has_passed:
                break

            def on_step(what: str, workload: Workload = workload) -> None:
                progress.update(task, advance=1, description=f'{workload}: {what}')

            try:
                rows, intact = runs.measure(
                    workload, on_step, args.cell_minutes and 60 * args.cell_minutes
                )
            except InUseError as error:
                say(str(error))
                return 1
            for row in rows:
                if row.note:
                    say(f'{workload}: {row.implementation} {row.strategy}: {row.note}', 'red')
            left -= 1
            if not intact:  # and so would be what comes next, in this process
                break
            progress.update(task, completed=(number + 1) * steps)
    rows = runs.comparable_rows(workloads[0])
    if rows:
        report = benchmark_report.write(rows, args.out)
        console = Console()
        console.print(Markdown(report.read_text(encoding='utf-8')))
        console.print(f'Rows: {args.out / CSV}', highlight=False)
        console.print(f'Tables: {report}', highlight=False)
        console.print(f'Plot: {args.out / "speedup.png"}', highlight=False)
    if left:
        print(
            f'{left} of {len(workloads)} workloads are left: run the command again.',
            file=sys.stderr,
        )
        return LEFT
    notes = {row.note for workload in workloads for row in runs.kept(workload)}
    if notes := notes - {'', benchmark.OUT_OF_MEMORY}:
        print('These were not measured:', *sorted(notes), sep='\n', file=sys.stderr)
        return 1
    return 0


def choose_implementations(parser: argparse.ArgumentParser, args: argparse.Namespace) -> list:
    """The models that are asked for, or those that are compared by default."""
    from ..analysis.implementations import compared_by_default, selectable

    mode = 'training' if args.train else 'inference'
    if not args.columns:
        return compared_by_default(graphs=args.device.startswith('cuda') and not args.train)
    by_name = {str(one): one for one in selectable()}
    if unknown := set(args.columns) - set(by_name):
        parser.error(f'--columns: unknown {sorted(unknown)}; allowed: {list(by_name)}')
    chosen = [by_name[name] for name in args.columns]
    for one in chosen:
        if reason := one.unavailable_reason(args.device, mode):
            parser.error(f'--columns: {reason}')
    return chosen


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome benchmark',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    models = [f'b{n}' for n in range(6)]
    add('--models', nargs='+', default=['b0'], choices=models, metavar='MODEL', help='b0 to b5')
    add('--sizes', nargs='+', type=size, default=[(512, 512), (1024, 1024)], metavar='WxH')
    add('--batch', type=batch, default=1, help='images at once, or auto (default: 1)')
    add('--dtypes', nargs='+', default=['fp32'], choices=['fp32', 'tf32', 'fp16', 'bf16'])
    add('--device', default='cpu', help='cpu, cuda or cuda:1 (default: cpu)')
    add('--train', action='store_true', help='forward and backward instead of inference')
    add('--backbone-only', action='store_true', help='without the head')
    add('--columns', nargs='+', metavar='MODEL', help="such as 'ours hq' (default: all)")
    add('--repeats', type=int, default=5, help='timed passes of each model (default: 5)')
    add('--minutes', type=float, help='start no further workload after so many minutes')
    add('--cell-minutes', type=float, help='give a workload up after so many minutes')
    add('--out', type=Path, default=Path('outputs/benchmark'), help='folder (default: %(default)s)')
    return parser


def _progress() -> 'Progress':
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
