"""Write generated street scenes in Cityscapes' layout."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

EXAMPLES = """\
examples:
  python tools/make_streets.py data/streets
      200 scenes to train on and 50 to evaluate on, 1024 x 512 pixels

  python tools/make_streets.py data/streets_full --size 2048x1024 --train 400 --val 100
      at Cityscapes' own size

  python tools/make_streets.py /tmp/tiny --size 256x128 --train 8 --val 4 --seed 7
      a handful, to try something out

The scenes are generated; nothing in them was photographed. The same arguments write the same
files, whatever the number of workers. Run it again to continue where it was interrupted.
"""


def parse_size(text: str) -> tuple[int, int]:
    """Read '1024x512' as (1024, 512)."""
    width, _, height = text.lower().partition('x')
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a size; write width x height in pixels, like 1024x512'
        ) from None


def build_parser() -> argparse.ArgumentParser:
    """The options of this command."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folder', help='where to write: a new or empty folder, or the same set')
    parser.add_argument('--train', type=int, default=200, help='scenes to train on (default: 200)')
    parser.add_argument('--val', type=int, default=50, help='scenes to evaluate on (default: 50)')
    parser.add_argument(
        '--size',
        type=parse_size,
        default=(1024, 512),
        metavar='WxH',
        help='pixels, from 128x64 to 2048x1024 (default: 1024x512)',
    )
    parser.add_argument('--seed', type=int, default=0, help='0 or more (default: 0)')
    parser.add_argument('--workers', type=int, help='processes (default: one per core)')
    parser.add_argument('--quiet', action='store_true', help='show no progress bar')
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    args = build_parser().parse_args(arguments)
    # Imported late, so that --help and mistyped arguments answer at once.
    from demo.progress import drawing_progress
    from demo.scenes.streets import generate_streets

    try:
        with drawing_progress('Drawing street scenes') as on_image:
            written = generate_streets(
                args.folder,
                train=args.train,
                val=args.val,
                size=args.size,
                seed=args.seed,
                workers=args.workers,
                on_image=None if args.quiet else on_image,
            )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('Interrupted. Run the same command again to continue.', file=sys.stderr)
        return 130
    if written.drawn:
        print(
            f'Wrote {written.drawn} generated scenes to {written.folder} '
            f'in {written.seconds:.0f} s; it now holds all {written.scenes}.'
        )
    else:
        print(f'{written.folder} already holds these {written.scenes} generated scenes.')
    print(
        f"Next: train on them with a config of configs/streets and data_root='{written.folder}', "
        "or with any config that uses mmseg's CityscapesDataset."
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
