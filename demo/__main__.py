"""Trains Segformer++HQ B0 for minutes, tests it with every strategy, and compares them."""

import argparse
import sys
from pathlib import Path

EXAMPLES = """\
examples:
  python tools/demo.py                                   on street scenes that it generates
  python tools/demo.py --dataset camvid --data ~/camvid  on your copy of CamVid
  python tools/demo.py --dataset athletes                human pose, on athletes that it generates
"""


def build_parser() -> argparse.ArgumentParser:
    """The options of this command."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--dataset', default='streets', choices=['streets', 'camvid', 'athletes'])
    parser.add_argument('--data', type=Path, help='folder of the dataset (default: data/DATASET)')
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('outputs/demo'),
        help='a new folder is made in this one (default: %(default)s)',
    )
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    data = args.data or Path('data') / args.dataset
    # Imported late, so that --help and mistyped arguments answer at once.
    from .data import prepare_data

    try:
        prepare_data(args.dataset, data)
    except OSError as error:
        parser.error(f'--data: {error}')

    from rich.console import Console

    from benchmarks.mim_runs import MimError

    from .result import print_result
    from .run import run_demo

    try:
        result = run_demo(args.dataset, data, args.out)
    except MimError as error:
        sys.exit(str(error))
    print_result(result, Console())


if __name__ == '__main__':
    main()
