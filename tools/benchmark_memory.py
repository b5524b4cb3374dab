"""Measure the memory that predicting an image takes on a CPU, whole and by sliding windows."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

EXAMPLES = """\
examples:
  python tools/benchmark_memory.py                     B0 at 3840x2160 by windows, minutes
  python tools/benchmark_memory.py --model b2 --sizes 2048x1024 --columns 'stock none' 'ours hq'

Every prediction runs in a process of its own, and what counts is what it adds to the memory of that
process at its peak. Windows are those of Cityscapes' configs, 1024x1024 every 768 pixels. It needs
Linux.
"""


def main() -> None:
    from mmseg_tome.cli.options import size

    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--model', default='b0', choices=[f'b{n}' for n in range(6)], help='(default: b0)')
    add('--sizes', nargs='+', type=size(128), default=[(3840, 2160)], metavar='WxH')
    add('--predict', nargs='+', choices=['whole', 'slide'], default=['slide'])
    add('--columns', nargs='+', default=['stock none', 'ours none', 'ours hq'], metavar='MODEL')
    add('--out', type=Path, help='a new folder for rows of results and a table')
    args = parser.parse_args()
    if args.out and args.out.exists():
        parser.error(f'--out {args.out} is there already: name a new folder')
    if not sys.platform.startswith('linux'):
        parser.error('it reads the memory of a process from /proc, which is there on Linux alone')

    import pandas as pd

    from benchmarks import peak_memory
    from mmseg_tome.analysis.implementations import implementation
    from mmseg_tome.analysis.progress import Progress
    from mmseg_tome.analysis.provenance import caption, provenance
    from mmseg_tome.analysis.report import write_report
    from mmseg_tome.analysis.workload import Workload

    try:
        models = [implementation(name) for name in args.columns]
    except ValueError as error:
        parser.error(f'--columns: {error}')
    workloads = [
        Workload(args.model, height, width, scope=scope)
        for width, height in args.sizes
        for scope in args.predict
    ]
    with Progress() as progress, progress.step('predictions', len(workloads) * len(models)) as step:
        rows = peak_memory.measure(workloads, models, step.advance)
    where = provenance('cpu')
    shown = pd.DataFrame(
        {
            'size': f'{row.width}x{row.height}',
            'scope': row.scope,
            'model': f'{row.implementation} {row.strategy}',
            'peak MiB': row.note or f'{row.value / 2**20:.0f}',
        }
        for row in rows
    )
    source = f'{args.model.upper()}, fp32, batch 1. {caption([where])}'
    print(f'{source}\n\n{shown.to_markdown(index=False)}\n')
    if args.out:
        command = 'python tools/benchmark_memory.py'
        measured = [row.at(where, command=command) for row in rows]
        print('Written:', *write_report(args.out, 'peak-memory', [source, shown], measured))


if __name__ == '__main__':
    sys.exit(main())
