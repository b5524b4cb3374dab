"""Show where the time of a SegFormer's inference goes, per stage and step."""

import argparse
import shlex
from pathlib import Path

from .options import positive, size

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
    add(
        '--size',
        type=size(),
        default=(1024, 1024),
        metavar='WxH',
        help='pixels (default: 1024x1024)',
    )
    add('--device', default='cpu', help='cpu or cuda (default: cpu)')
    add('--dtype', default='fp32', choices=['fp32', 'tf32', 'fp16', 'bf16'])
    add('--batch', type=positive, default=1, help='images at once (default: 1)')
    add('--repeats', type=positive, default=7, help='timed passes (default: 7)')
    add('--out', type=Path, help='a new folder for rows of results, as profile.csv')
    return parser


def main(arguments: list[str]) -> int:
    """Prints the profile and the paper's formulas, and returns the exit status, 0."""
    parser = build_parser()
    args = parser.parse_args(arguments)

    import torch
    from rich.console import Console
    from rich.markdown import Markdown

    from ..analysis import profile_report, report
    from ..analysis.complexity import paper_formulas
    from ..analysis.implementations import Ours
    from ..analysis.layer_profile import profile, results
    from ..analysis.loading import only_backbone
    from ..analysis.provenance import provenance
    from ..analysis.quiet import quiet_logs
    from ..analysis.workload import Workload
    from ..strategies import PRESETS

    if args.strategy not in PRESETS:
        parser.error(f'--strategy {args.strategy}: allowed are {", ".join(PRESETS)}')
    if args.device != 'cpu' and not torch.cuda.is_available():
        parser.error(f'--device {args.device}: PyTorch sees no CUDA device')
    if args.out and args.out.exists():
        parser.error(f'--out {args.out} is there already: name a new folder')
    width, height = args.size
    workload = Workload(args.model, height, width, args.batch, args.dtype, args.device)
    with quiet_logs():
        frame = profile(workload, [args.strategy], args.repeats)
        backbone = only_backbone(Ours(args.strategy).build(args.model))
    where, formulas = provenance(args.device), paper_formulas(backbone, (height, width))
    parts = profile_report.parts(f'{args.strategy}, {workload}', frame, formulas, where)
    console = Console()
    console.print(Markdown(report.join(parts)))
    if args.out:
        command = shlex.join(['python', '-m', 'mmseg_tome', 'profile', *arguments])
        rows = [row.at(where, command=command) for row in results(frame, workload, args.repeats)]
        written = report.write_report(args.out, 'profile', parts, rows)
        console.print(*map(str, written), sep='\n', highlight=False)
    return 0
