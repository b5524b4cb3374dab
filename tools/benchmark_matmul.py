"""Time matrix products and attention on this CPU: PyTorch's own, and this project's."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

EXAMPLES = """\
examples:
  python tools/benchmark_matmul.py                     half a minute on 2 cores
  python tools/benchmark_matmul.py --out outputs/matmul

Says whether this CPU gains from what `mmseg_tome/ops/cpu/onednn.py` does. The rates are 1e9
operations per second; `difference` is that of the results, relative.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--repeats', type=int, default=9, help='timed calls of each (default: 9)')
    parser.add_argument('--out', type=Path, help='a new folder for rows of results and a table')
    args = parser.parse_args()
    if args.repeats < 1:
        parser.error(f'--repeats {args.repeats}: give 1 or more')
    if args.out and args.out.exists():
        parser.error(f'--out {args.out} is there already: name a new folder')

    import pandas as pd

    from benchmarks import matmul
    from mmseg_tome.analysis.progress import Progress
    from mmseg_tome.analysis.provenance import caption, provenance
    from mmseg_tome.analysis.report import write_report

    steps = matmul.num_steps(args.repeats)
    with Progress() as progress, progress.step('matrix products', steps) as step:
        rows = matmul.measure(args.repeats, step.advance)
    frame, where = pd.DataFrame(rows), provenance('cpu')
    shown = frame.assign(difference=frame['difference'].map('{:.0e}'.format)).round(
        {'torch_gflops': 0, 'ours_gflops': 0, 'speed_up': 2}
    )
    source = f'fp32, batch 1. {caption([where])}'
    print(f'{source}\n\n{shown.to_markdown(index=False)}\n')
    if args.out:
        command = 'python tools/benchmark_matmul.py'
        measured = [row.at(where, command=command) for row in matmul.results(rows)]
        print('Written:', *write_report(args.out, 'matmul', [source, shown], measured))


if __name__ == '__main__':
    sys.exit(main())
