"""Time every Triton kernel against PyTorch on a GPU, at the shapes of MiT-B5."""

import argparse
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

import pandas as pd
import torch
from rich.progress import track

from benchmarks.kernels import STEPS, measure
from mmseg_tome.analysis.provenance import provenance

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
    table = args.out / 'kernels.csv'
    if table.exists():
        sys.exit(f'{table} is there already: give another --out')
    cells = [(step, shape, d) for step, shapes in STEPS.items() for shape in shapes for d in DTYPES]
    rows, failed = [], []
    for step, shape, dtype in track(cells, 'Kernels'):
        try:
            rows += measure(step, shape, dtype, args.device)
        except Exception as error:
            traceback.print_exc()
            failed.append(f'{step}, {shape.name}, {dtype}: {type(error).__name__}: {error}')
    if not rows:
        sys.exit('\n'.join(['nothing was measured:', *failed]))
    frame = pd.DataFrame(rows)
    where = provenance(args.device)
    args.out.mkdir(parents=True, exist_ok=True)
    frame.assign(**where).to_csv(table, index=False)
    cell = ['step', 'shape', 'dtype']
    base = frame[frame['implementation'] == 'torch'].set_index(cell)['microseconds']
    own = frame.set_index(cell)['microseconds']
    frame['times as fast'] = (base.reindex(own.index).to_numpy() / own.to_numpy()).round(2)
    text = frame.round({'microseconds': 1, 'gigabytes_per_second': 0}).to_markdown(index=False)
    where = ', '.join(f'{k} {v}' for k, v in where.items() if v)
    (args.out / 'kernels.md').write_text(f'# Kernels\n\n{where}\n\n{text}\n')
    print(text)
    if failed:
        sys.exit('\n'.join(['these were not measured:', *failed]))


if __name__ == '__main__':
    main()
