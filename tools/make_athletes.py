"""Write generated frames of athletics with the keypoints of the athletes."""

import argparse
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

from demo.drawing_command import draw, drawing_parser

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


def build_parser() -> argparse.ArgumentParser:
    """The options of this command."""
    parser = drawing_parser(
        __doc__, EXAMPLES, 'frames', (400, 80), PUBLISHED_SIZE, 'from 160x90 to 2560x1440'
    )
    parser.add_argument(
        '--layout', default='jbd', help='jbd, coco, or both in one folder (default: jbd)'
    )
    return parser


def next_steps(args: argparse.Namespace, folder: Path) -> str:
    lines = []
    if args.layout != 'coco':
        size = '' if args.size == PUBLISHED_SIZE else ' --annotation-size {}x{}'.format(*args.size)
        lines.append(
            f"Next: python tools/convert_jbd.py '{folder}'{size}, then train with a config of "
            f"configs/athletes or configs/jbd and data_root='{folder}'."
        )
    if args.layout != 'jbd':
        lines.append(f"Next: train with a config of configs/coco and data_root='{folder}'.")
    return '\n'.join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    args = build_parser().parse_args(arguments)
    from demo.scenes.athletes import generate_athletes

    next_step = partial(next_steps, args)
    return draw(generate_athletes, args, 'athletes', 'frames', next_step, layout=args.layout)


if __name__ == '__main__':
    sys.exit(main())
