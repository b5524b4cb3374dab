"""Time whole SegFormers on random images: stock, the published merging, and this project."""

import argparse
import shlex
import sys
from pathlib import Path

from .options import positive, size

EXAMPLES = """\
examples:
  python -m mmseg_tome benchmark
      B0 at 512x512 and 1024x1024, in fp32 on the CPU, 5 repeats of 10 models: two minutes
  python -m mmseg_tome benchmark --models b5 --sizes 1024x1024 2048x1024 --device cuda \\
      --dtypes bf16 fp32 --batch auto
      each model at the batch size at which it is fastest
  python -m mmseg_tome benchmark --train --backbone-only --sizes 768x768 --models b2
      forward and backward passes, and the bytes that autograd keeps
  python -m mmseg_tome benchmark --predict whole slide --sizes 2048x1024
      the segmentor as it is tested, with its head and post-processing, and Cityscapes' windows
  python -m mmseg_tome benchmark --columns 'stock none' 'ours none' 'ours hq'
      some models only
  python -m mmseg_tome benchmark --base main --columns 'ours none' 'ours hq'
      this checkout against another revision, in turns in one run; exits with 1 if an output differs
      or a model is more than 5 % slower (--allow-slower)

Run it again with the same --out to continue where it stopped; workloads that this code has measured
on this device are not measured again. A model that does not fit into memory has a note instead of a
time. Exits with 0 when all is measured, with 1 if a model failed or computes something else than
its reference, and with 3 if there is something left to measure.

fp32 is exact, in convolutions too, where PyTorch would round for tensor cores; tf32 rounds in both.
On CUDA, 'graphed' models are ours replayed as CUDA graphs. Models compiled by torch.compile are
measured only on request: --columns 'ours hq' 'compiled hq'.
"""
LEFT = 3
# Below this a cell of 4x4 tokens is larger than the map of stage 4, and tomesd crashes.
_LEAST = 128


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

    from ..analysis.workload import Workload

    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error(
            f'--device {args.device}: this PyTorch sees no CUDA device; leave it out for a CPU'
        )
    mode = 'training' if args.train else 'inference'
    if args.predict and (args.train or args.backbone_only or args.base):
        parser.error('--predict: leave out --train, --backbone-only and --base')
    scopes = args.predict or ['backbone' if args.backbone_only else 'model']
    workloads = [
        Workload(model, height, width, args.batch, dtype, args.device, mode, scope)
        for width, height in args.sizes
        for model in args.models
        for dtype in args.dtypes
        for scope in scopes
    ]
    chosen = choose_implementations(parser, args)
    if args.base:
        return compare_with_base(parser, args, workloads, chosen)
    command = shlex.join(['python', '-m', 'mmseg_tome', 'benchmark', *arguments])
    return measure(args, workloads, chosen, command)


def measure(args: argparse.Namespace, workloads: list, implementations: list, command: str) -> int:
    """Measures every workload that was not measured before, and reports all of them."""
    from rich.console import Console
    from rich.markdown import Markdown

    from ..analysis import benchmark, benchmark_report
    from ..analysis.benchmark_runs import CSV, BenchmarkRuns, Deadline
    from ..analysis.progress import Progress
    from ..analysis.quiet import quiet_logs
    from ..analysis.store import InUseError

    steps = benchmark.num_steps(implementations, args.repeats)
    with Progress() as progress, quiet_logs():
        runs = BenchmarkRuns(args.out, implementations, args.repeats, progress.say, command)
        todo = [workload for workload in workloads if runs.kept(workload) is None]
        left, deadline = len(todo), Deadline(args.minutes)
        for workload in todo:
            if deadline.has_passed:
                break
            with progress.step(str(workload), steps) as step:

                def on_step(what: str, step=step, workload=workload) -> None:
                    step.update(step.done + 1, description=f'{workload}: {what}')

                seconds = args.cell_minutes and 60 * args.cell_minutes
                try:
                    rows, intact = runs.measure(workload, on_step, seconds)
                except InUseError as error:
                    progress.say(str(error))
                    return 1
                step.update(steps, description=str(workload))
            for row in rows:
                if row.note:
                    model = f'{row.implementation} {row.strategy}'
                    progress.say(f'{workload}: {model}: {row.note}', 'red')
            left -= 1
            if not intact:  # and so would be what comes next, in this process
                break
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
    notes = {row.note for workload in workloads for row in runs.kept(workload) or ()}
    if notes := notes - {'', benchmark.OUT_OF_MEMORY}:
        print('These were not measured:', *sorted(notes), sep='\n', file=sys.stderr)
        return 1
    return 0


def compare_with_base(
    parser: argparse.ArgumentParser,
    args: argparse.Namespace,
    workloads: list,
    implementations: list,
) -> int:
    """Times this tree and another revision in turns; 1 if this one is slower than allowed."""
    from ..analysis.progress import Progress
    from ..analysis.quiet import quiet_logs
    from ..analysis.revisions import compare_revisions

    strategies = [one.strategy for one in implementations if one.name == 'ours']
    if args.batch == 'auto' or (args.columns and len(strategies) < len(implementations)):
        parser.error("--base: give a --batch that is a number, and --columns of 'ours …' alone")
    problems = []
    total = len(workloads) * len(strategies) * (args.repeats + 1)
    with Progress() as progress, quiet_logs():
        try:
            with progress.step(f'this tree and {args.base} in turns', total) as step:
                for found in compare_revisions(
                    args.base, workloads, strategies, args.repeats, lambda what: step.advance()
                ):
                    progress.say(
                        f'{found.workload}, {found.strategy}: {1000 * found.here:.1f} ms per image '
                        f'here, {1000 * found.base:.1f} ms in {args.base}: '
                        f'ratio {found.slowdown:.3f}'
                    )
                    problems.append(found.problem(args.allow_slower))
        except (ValueError, RuntimeError) as error:
            parser.error(f'--base {args.base}: {error}')
    if problems := list(filter(None, problems)):
        print(*problems, sep='\n', file=sys.stderr)
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
    add('--sizes', nargs='+', type=size(_LEAST), default=[(512, 512), (1024, 1024)], metavar='WxH')
    add('--batch', type=batch, default=1, help='images at once, or auto (default: 1)')
    add('--dtypes', nargs='+', default=['fp32'], choices=['fp32', 'tf32', 'fp16', 'bf16'])
    add('--device', default='cpu', help='cpu, cuda or cuda:1 (default: cpu)')
    add('--train', action='store_true', help='forward and backward instead of inference')
    add('--backbone-only', action='store_true', help='without the head')
    add(
        '--predict',
        nargs='+',
        choices=['whole', 'slide'],
        help='from an image to the class of every pixel, as a whole or in windows of 1024x1024',
    )
    add('--columns', nargs='+', metavar='MODEL', help="such as 'ours hq' (default: all)")
    add('--repeats', type=positive, default=5, help='timed passes of each model (default: 5)')
    add('--minutes', type=float, help='start no new workload after this many minutes')
    add('--cell-minutes', type=float, help='abandon a workload after this many minutes')
    add('--base', metavar='REV', help='compare with another revision of this checkout instead')
    add(
        '--allow-slower',
        type=float,
        default=5,
        metavar='PERCENT',
        help='with --base: tolerated slowdown (default: %(default)s)',
    )
    add('--out', type=Path, default=Path('outputs/benchmark'), help='folder (default: %(default)s)')
    return parser
