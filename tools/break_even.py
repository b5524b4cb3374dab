"""Measure where merging starts to save time here, and the threshold of tome_cfg='auto'."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

from rich.console import Console
from rich.markdown import Markdown

EXAMPLES = """\
examples:
  python tools/break_even.py                       fp32 on the CPU: four minutes on 2 cores
  python tools/break_even.py --device cuda --dtype bf16
  python tools/break_even.py --train               forward and backward passes
  python tools/break_even.py --sizes 256 512 --models b0

The first table is of single attention layers, unmerged and by HQ, over the operations that merging
saves; the second of whole models, as speed-ups over the unmerged one. A line at the end sets the
threshold that fits this machine best.
"""
SIZES = (128, 192, 256, 384, 512, 768, 1024)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--models', nargs='+', default=['b0', 'b2'], choices=['b0', 'b2'])
    add('--sizes', nargs='+', type=int, default=SIZES, help='sides of square images in pixels')
    add('--device', default='cpu', help='cpu or cuda (default: cpu)')
    add('--dtype', default='fp32', choices=['fp32', 'fp16', 'bf16'])
    add('--train', action='store_true', help='time forward and backward passes')
    add('--repeats', type=int, default=15, help='timed passes of each (default: 15)')
    add('--out', type=Path, help='new folder for rows of results and the tables')
    args = parser.parse_args()
    if min(args.sizes) < 128:
        parser.error(f'--sizes {min(args.sizes)}: give 128 pixels or more')
    if args.repeats < 1:
        parser.error(f'--repeats {args.repeats}: give 1 or more')
    if args.out and args.out.exists():
        parser.error(f'--out {args.out} is there already: name a new folder')

    import torch

    from benchmarks import break_even
    from mmseg_tome.analysis.progress import Progress
    from mmseg_tome.analysis.provenance import provenance
    from mmseg_tome.analysis.quiet import quiet_logs
    from mmseg_tome.analysis.report import write_report
    from mmseg_tome.analysis.workload import DTYPES

    if args.device != 'cpu' and not torch.cuda.is_available():
        sys.exit(f'--device {args.device}: PyTorch sees no CUDA device')
    settings = dict(
        repeats=args.repeats, device=args.device, dtype=DTYPES[args.dtype], train=args.train
    )
    sizes = sorted(set(args.sizes))
    count = len(args.models) * len(sizes)
    with quiet_logs(), Progress() as progress:
        with progress.step('attention layers', 4 * count) as step:
            layers = break_even.measure_layers(args.models, sizes, on_step=step.advance, **settings)
        with progress.step('whole models', count) as step:
            models = break_even.measure_models(args.models, sizes, on_step=step.advance, **settings)
    where, command = provenance(args.device), 'python tools/break_even.py'
    parts = describe(args, layers, models, where)
    Console().print(Markdown('\n\n'.join(parts)))
    if args.out:
        rows = break_even.results(layers, models, args.dtype, args.train)
        rows = [row.at(where, command=command) for row in rows]
        print('Written:', *write_report(args.out, 'break-even', parts, rows))


def describe(args: argparse.Namespace, layers, models, where: dict) -> list[str]:
    """The parts of the report: both tables, and the threshold that follows from the first."""
    from benchmarks.break_even import best_threshold
    from mmseg_tome.analysis.provenance import caption

    threshold, lost = best_threshold(layers)
    shown = layers.sort_values('saved')
    shown = shown.assign(
        saved=(shown['saved'] / 1e6).round(1), gain=shown['none_ms'] / shown['hq_ms']
    ).rename(columns={'saved': 'saved MFLOP', 'gain': 'none_ms / hq_ms'})
    what = 'Forward and backward passes' if args.train else 'Inference'
    name, value = ('GPU_THRESHOLD', threshold)
    if args.device == 'cpu':
        name, value = 'CPU_THRESHOLD_PER_THREAD', threshold / where['threads']
    return [
        f'{what}, {args.dtype}, batch 1. {caption([where])}',
        'Attention layers:',
        shown.to_markdown(index=False, floatfmt='.2f'),
        'Whole models, speed-up over the unmerged one:',
        models.to_markdown(index=False, floatfmt='.2f'),
        f'The best threshold is {threshold:.3g} operations saved; choosing by it, layers take '
        f'{100 * (lost - 1):.1f} % longer on average than by the better choice each time. '
        'To set it:',
        f'    mmseg_tome.merging.cost.{name} = {value:.2g}',
    ]


if __name__ == '__main__':
    main()
