"""Time whole SegFormers on random images: stock, the published merging, and this project."""

import argparse
import re
import sys
import time
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

Run it again with the same --out to go on where it stopped; cells that this commit has measured on
this device are not measured again. A model that does not fit into memory has a note instead of a
time. Exits with 0 when all cells are measured, with 1 if a model failed or computes something else
than its reference, and with 3 if there is something left to measure.

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

    from ..analysis import benchmark, benchmark_report, benchmark_results
    from ..analysis.quiet import quiet_logs
    from ..analysis.timing import TimeLimitExceeded, time_limit

    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error(
            f'--device {args.device}: this PyTorch sees no CUDA device; leave it out for a CPU'
        )
    columns = choose_columns(parser, args)
    cells = [
        benchmark.Cell(
            model, height, width, args.batch, dtype, args.device, args.train, args.backbone_only
        )
        for width, height in args.sizes
        for model in args.models
        for dtype in args.dtypes
    ]
    done = benchmark_results.load(args.out)
    todo = [c for c in cells if not benchmark_results.is_done(done, c, columns, args.repeats)]
    started, left, steps = time.monotonic(), len(todo), benchmark.num_steps(columns, args.repeats)
    with _progress() as progress, quiet_logs():
        task = progress.add_task('', total=len(todo) * steps)
        for number, cell in enumerate(todo):
            if args.minutes and time.monotonic() - started > 60 * args.minutes:
                break

            def on_step(what: str, cell: benchmark.Cell = cell) -> None:
                progress.update(task, advance=1, description=f'{cell}: {what}')

            broken = False
            try:
                with time_limit(args.cell_minutes and 60 * args.cell_minutes):
                    rows = benchmark.measure(cell, columns, args.repeats, on_step)
            except (TimeLimitExceeded, RuntimeError) as error:
                broken = isinstance(error, RuntimeError)
                note = f'{type(error).__name__}: {error}'.splitlines()[0]
                rows = [benchmark.failed_row(cell, c, args.repeats, note) for c in columns]
            benchmark_results.append(args.out, rows)
            for row in rows:
                if row['note']:
                    progress.console.print(
                        f'{cell}: {row["make"]} {row["strategy"]}: {row["note"]}', style='red'
                    )
            left -= 1
            if broken:  # and so would be what comes next, in this process
                break
            progress.update(task, completed=(number + 1) * steps)
    results = benchmark_results.load(args.out)
    if not results.empty:
        report = benchmark_report.write(args.out)
        console = Console()
        console.print(Markdown(report.read_text()))
        console.print(f'Rows: {args.out / benchmark_results.CSV}', highlight=False)
        console.print(f'Tables: {report}', highlight=False)
        console.print(f'Plot: {args.out / "speedup.png"}', highlight=False)
    if left:
        print(f'{left} of {len(cells)} cells are left: run the command again.', file=sys.stderr)
        return LEFT
    notes = {
        note
        for cell in cells
        for note in benchmark_results.find(results, cell, args.repeats)['note']
        if note not in ('', benchmark.OUT_OF_MEMORY)
    }
    if notes:
        print('These were not measured:', *sorted(notes), sep='\n', file=sys.stderr)
        return 1
    return 0


def choose_columns(parser: argparse.ArgumentParser, args: argparse.Namespace) -> list:
    from ..analysis import implementations

    graphs = args.device.startswith('cuda') and not args.train
    if not args.columns:
        return implementations.columns(graphs)
    by_name = {str(column): column for column in implementations.all_columns()}
    if unknown := set(args.columns) - set(by_name):
        parser.error(f'--columns: unknown {sorted(unknown)}; allowed: {list(by_name)}')
    columns = [by_name[name] for name in args.columns]
    if not graphs and any(column.make in ('graphed', 'compiled') for column in columns):
        parser.error(
            "--columns: 'graphed' and 'compiled' models need --device cuda, without --train"
        )
    return columns


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
    add('--minutes', type=float, help='start no further cell after so many minutes')
    add('--cell-minutes', type=float, help='give a cell up after so many minutes')
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
