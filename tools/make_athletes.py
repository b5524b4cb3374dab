"""Write generated frames of athletics with the keypoints of the athletes."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

EXAMPLES = """\
examples:
  python tools/make_athletes.py data/athletes
      400 frames to train on and 80 to evaluate on, 1920 x 1080 pixels, in the published form of
      the Jump Broadcast Dataset: 20 keypoints

  python tools/make_athletes.py data/athletes_coco --layout coco --size 640x480
      in COCO's layout, with its 17 keypoints

  python tools/make_athletes.py /tmp/tiny --size 320x180 --train 8 --val 4 --seed 7
      a handful, to try something out

The frames are generated; nothing in them was photographed. The same arguments write the same
files, whatever the number of workers. Run it again to continue where it was interrupted.
"""
PUBLISHED_SIZE = (1920, 1080)  # of the frames of the Jump Broadcast Dataset


def parse_size(text: str) -> tuple[int, int]:
    """Read '1920x1080' as (1920, 1080)."""
    width, _, height = text.lower().partition('x')
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a size; write width x height in pixels, like 1920x1080'
        ) from None


def build_parser() -> argparse.ArgumentParser:
    """The options of this command."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folder', help='where to write: a new or empty folder, or the same set')
    parser.add_argument('--train', type=int, default=400, help='frames to train on (default: 400)')
    parser.add_argument('--val', type=int, default=80, help='frames to evaluate on (default: 80)')
    parser.add_argument(
        '--size',
        type=parse_size,
        default=PUBLISHED_SIZE,
        metavar='WxH',
        help='pixels, from 160x90 to 2560x1440 (default: 1920x1080)',
    )
    parser.add_argument(
        '--layout', default='jbd', help='jbd, coco, or both in one folder (default: jbd)'
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
    from demo.scenes.athletes import generate_athletes

    try:
        with drawing_progress('Drawing athletes') as on_image:
            written = generate_athletes(
                args.folder,
                train=args.train,
                val=args.val,
                size=args.size,
                seed=args.seed,
                layout=args.layout,
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
            f'Wrote {written.drawn} generated frames to {written.folder} '
            f'in {written.seconds:.0f} s; it now holds all {written.scenes}.'
        )
    else:
        print(f'{written.folder} already holds these {written.scenes} generated frames.')
    if args.layout != 'coco':
        option = (
            '' if args.size == PUBLISHED_SIZE else ' --annotation-size {}x{}'.format(*args.size)
        )
        print(
            f"Next: python tools/convert_jbd.py '{written.folder}'{option}, then train with a "
            f"config of configs/athletes or configs/jbd and data_root='{written.folder}'."
        )
    if args.layout != 'jbd':
        print(f"Next: train with a config of configs/coco and data_root='{written.folder}'.")
    return 0


if __name__ == '__main__':
    sys.exit(main())
