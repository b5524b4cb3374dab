"""Time every Triton kernel, and ways to weight keys, against PyTorch at the shapes of MiT-B5."""

import argparse
import shlex
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

import torch

from benchmarks.kernel_steps import STEPS
from benchmarks.kernels import DTYPES, measure, table
from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.provenance import caption, provenance
from mmseg_tome.analysis.report import write_report


def main() -> None:
    by_name = {name: dtype for dtype, name in DTYPES.items()}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', default='cuda', help='cuda or cuda:1 (default: cuda)')
    parser.add_argument(
        '--out', type=Path, default=Path('outputs/kernels'), help='a new folder, or one with others'
    )
    parser.add_argument(
        '--steps',
        nargs='+',
        choices=STEPS,
        default=[*STEPS],
        metavar='STEP',
        help=f'some of {", ".join(map(repr, STEPS))} (default: all)',
    )
    parser.add_argument('--dtypes', nargs='+', choices=by_name, default=[*by_name])
    args = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit(f'--device {args.device}: this PyTorch sees no CUDA device')
    if (args.out / 'kernels.csv').exists():
        sys.exit(f'{args.out / "kernels.csv"} is there already: give another --out')
    todo = [
        (step, shape, by_name[name])
        for step in args.steps
        for shape in STEPS[step]
        for name in args.dtypes
    ]
    rows, failed = [], []
    with Progress() as progress, progress.step('kernels', len(todo)) as bar:
        for step, shape, dtype in todo:
            try:
                for row in measure(step, shape, dtype, args.device):
                    rows.append(row)  # kept if a later way fails
            except Exception as error:
                traceback.print_exc()
                failed.append(f'{step}, {shape.name}, {dtype}: {type(error).__name__}: {error}')
            bar.advance()
    if not rows:
        sys.exit('\n'.join(['nothing was measured:', *failed]))
    where, command = provenance(args.device), shlex.join(['python', *sys.argv])
    rows = [row.at(where, command=command) for row in rows]
    shown = table(rows)
    print(shown.to_markdown(index=False))
    written = write_report(args.out, 'kernels', ['# Kernels', caption([where]), shown], rows)
    print('Written:', *written)
    if failed:
        sys.exit('\n'.join(['these were not measured:', *failed]))


if __name__ == '__main__':
    main()
