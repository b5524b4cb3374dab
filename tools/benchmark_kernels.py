"""Time every Triton kernel against PyTorch on a GPU, at the shapes of MiT-B5."""

import argparse
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

import torch

from benchmarks.kernels import STEPS, measure, table
from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.provenance import caption, provenance
from mmseg_tome.analysis.report import write_report

DTYPES = [torch.bfloat16, torch.float16, torch.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', default='cuda', help='cuda or cuda:1 (default: cuda)')
    parser.add_argument(
        '--out', type=Path, default=Path('outputs/kernels'), help='a new folder, or one with others'
    )
    args = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit(f'--device {args.device}: this PyTorch sees no CUDA device')
    if (args.out / 'kernels.csv').exists():
        sys.exit(f'{args.out / "kernels.csv"} is there already: give another --out')
    todo = [(step, shape, d) for step, shapes in STEPS.items() for shape in shapes for d in DTYPES]
    rows, failed = [], []
    with Progress() as progress, progress.step('kernels', len(todo)) as bar:
        for step, shape, dtype in todo:
            try:
                rows += measure(step, shape, dtype, args.device)
            except Exception as error:
                traceback.print_exc()
                failed.append(f'{step}, {shape.name}, {dtype}: {type(error).__name__}: {error}')
            bar.advance()
    if not rows:
        sys.exit('\n'.join(['nothing was measured:', *failed]))
    where, command = provenance(args.device), 'python tools/benchmark_kernels.py'
    rows = [row.at(where, command=command) for row in rows]
    shown = table(rows)
    print(shown.to_markdown(index=False))
    written = write_report(args.out, 'kernels', ['# Kernels', caption([where]), shown], rows)
    print('Written:', *written)
    if failed:
        sys.exit('\n'.join(['these were not measured:', *failed]))


if __name__ == '__main__':
    main()
