"""Trains Segformer++HQ B0 for minutes, tests it with every strategy, and compares them."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

from rich.console import Console

EXAMPLES = """\
examples:
  python tools/demo.py                                   on street scenes that it generates
  python tools/demo.py --dataset camvid --data ~/camvid  on your copy of CamVid
  python tools/demo.py --dataset athletes                human pose, on athletes that it generates
"""


def main() -> None:
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
    args = parser.parse_args()
    data = args.data or Path('data') / args.dataset
    from demo.data import prepare_data

    try:
        prepare_data(args.dataset, data)
    except OSError as error:
        parser.error(f'--data: {error}')

    from benchmarks.mim_runs import MimError
    from demo.run import print_result, run_demo

    try:
        result = run_demo(args.dataset, data, args.out)
    except MimError as error:
        sys.exit(str(error))
    print_result(result, Console())


if __name__ == '__main__':
    main()
