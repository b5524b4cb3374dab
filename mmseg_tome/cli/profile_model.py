"""Show where the time of a SegFormer's inference goes, per stage and step."""

import argparse
from pathlib import Path

EXAMPLES = """\
examples:
  python -m mmseg_tome profile                          B0, HQ, 1024x1024, on the CPU
  python -m mmseg_tome profile --model b5 --strategy fast --size 2048x1024 --device cuda
  python -m mmseg_tome profile --strategy none

GFLOP are counted from shapes, two for a multiplication and its addition. `limit` is the share of
the rate at which this machine multiplies two 2048x2048 matrices, on a GPU 8192x8192.
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome profile',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--model', default='b0', choices=[f'b{n}' for n in range(6)])
    add('--strategy', default='hq', help="a preset's name (default: hq)")
    add('--size', default='1024x1024', metavar='WxH', help='pixels (default: %(default)s)')
    add('--device', default='cpu', help='cpu or cuda (default: cpu)')
    add('--dtype', default='fp32', choices=['fp32', 'tf32', 'fp16', 'bf16'])
    add('--batch', type=int, default=1, help='images at once (default: 1)')
    add('--repeats', type=int, default=7, help='timed passes (default: 7)')
    add('--out', type=Path, help='a new folder for rows of results, as profile.csv')
    return parser


def main(arguments: list[str]) -> int:
    """Prints the profile and the paper's formulas, and returns the exit status, 0."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    try:
        width, height = (int(side) for side in args.size.split('x'))
    except ValueError:
        parser.error(f'--size {args.size}: give WxH in pixels, such as 1024x1024')

    import torch
    from rich.console import Console
    from rich.table import Table

    from ..analysis import complexity
    from ..analysis.implementations import Ours
    from ..analysis.layer_profile import profile, results
    from ..analysis.provenance import provenance
    from ..analysis.quiet import quiet_logs
    from ..analysis.results import write_csv
    from ..analysis.workload import DTYPES, torch_settings
    from ..strategies import PRESETS

    if args.strategy not in PRESETS:
        parser.error(f'--strategy {args.strategy}: allowed are {", ".join(PRESETS)}')
    if args.device != 'cpu' and not torch.cuda.is_available():
        parser.error(f'--device {args.device}: PyTorch sees no CUDA device')
    if args.batch < 1:
        parser.error(f'--batch {args.batch}: give 1 or more')
    if args.out and args.out.exists():
        parser.error(f'--out {args.out} is there already: name a new folder')
    with quiet_logs():
        model = Ours(args.strategy).build(args.model)
    where = dict(device=args.device, dtype=DTYPES[args.dtype])
    image = torch.randn(args.batch, 3, height, width).to(**where)
    with torch_settings(args.dtype):
        model = model.to(**where)
        frame = profile(model.backbone, model.head, image, args.repeats)

    title = f'{args.model.upper()} {args.strategy}, {args.size}, {args.dtype}, batch {args.batch}'
    table = Table(
        title=title, caption=', '.join(f'{k} {v}' for k, v in provenance(args.device).items())
    )
    for name in ('stage', 'step', 'ms', '%', 'GFLOP', 'GFLOP/s', '% of limit'):
        table.add_column(name, justify='left' if name == 'step' else 'right')
    for row in frame.itertuples():
        counted = [f'{row.gflop:.2f}', f'{row.gflop_per_s:.0f}', f'{row.of_limit:.0f}']
        stage = str(row.stage or '')
        table.add_row(
            stage, row.step, f'{row.ms:.1f}', f'{row.share:.1f}', *(counted if row.gflop else [])
        )
    seconds, gflop = frame['ms'].sum() / 1000, frame['gflop'].sum()
    limit = frame.attrs['limit']
    table.add_section()
    table.add_row(
        '', 'all', f'{1000 * seconds:.1f}', '100', f'{gflop:.2f}', f'{gflop / seconds:.0f}',
        f'{100 * gflop / seconds / limit:.0f}',
    )  # fmt: skip
    console = Console()
    console.print(table)
    formulas = complexity.paper_formulas(model.backbone, (height, width))
    table = Table(title="The paper's formulas: 1e9 multiplications of one block")
    for name in formulas.columns:
        table.add_column(name, justify='right')
    for row in formulas.itertuples(index=False):
        table.add_row(str(row[0]), *(f'{value:.3f}' for value in row[1:]))
    console.print(table)
    if args.out:
        setting = dict(model=args.model, height=height, width=width, batch=str(args.batch))
        setting |= dict(dtype=args.dtype, mode='inference', strategy=args.strategy)
        rows = results(frame, implementation='ours', **setting)
        source, command = provenance(args.device), 'python tools/profile_model.py'
        write_csv([row.at(source, command=command) for row in rows], args.out / 'profile.csv')
        console.print(f'Rows: {args.out / "profile.csv"}', highlight=False)
    return 0
