"""Write generated street scenes in Cityscapes' layout."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

from demo.drawing_command import draw, drawing_parser

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


def build_parser() -> argparse.ArgumentParser:
    """The options of this command."""
    return drawing_parser(
        __doc__, EXAMPLES, 'scenes', (200, 50), (1024, 512), 'from 128x64 to 2048x1024'
    )


def next_step(folder: Path) -> str:
    return (
        f"Next: train on them with a config of configs/streets and data_root='{folder}', "
        "or with any config that uses mmseg's CityscapesDataset."
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    args = build_parser().parse_args(arguments)
    from demo.scenes.streets import generate_streets

    return draw(generate_streets, args, 'street scenes', 'scenes', next_step)


if __name__ == '__main__':
    sys.exit(main())
