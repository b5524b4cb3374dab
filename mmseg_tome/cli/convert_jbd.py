"""Turn the published files of the Jump Broadcast Dataset into COCO's format."""

import argparse
import sys
from pathlib import Path

from ..datasets import jbd_format

EXAMPLES = """\
examples:
  python -m mmseg_tome convert-jbd data/jbd
      reads data/jbd/keypoints/{train,val}.csv, data/jbd/bboxes_segmentations.csv and the frames
      data/jbd/images/<event>/<event>_(<frame, five digits>).jpg,
      writes data/jbd/annotations/{train,val}.json

  python -m mmseg_tome convert-jbd data/jbd --frames /videos/annotated_frames --splits val
      frames from elsewhere, and one split only; afterwards link the frames as data/jbd/images

  python -m mmseg_tome convert-jbd data/jbd --skip-invalid --report left_out.txt
      leaves out what cannot be used, and writes down what and why

  python -m mmseg_tome convert-jbd data/jbd --scale-frames
      frames of another size than the 1920x1080 pixels in which the annotations are, such as
      1280x720: scales boxes and keypoints to each

  python -m mmseg_tome convert-jbd data/athletes --annotation-size 960x540
      annotations in pixels of another size; `--annotation-size frames`: in each frame's own

Every row is checked: missing columns and values, the count in the first line, coordinates and
boxes outside the frame, frames twice, frames and boxes that are not there, boxes of no row.
Exit status: 0 written, 1 something cannot be used, 2 wrong arguments or files.
"""
SHOWN = 40  # problems on the screen; a report file holds all of them


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome convert-jbd',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_root', type=Path, help='folder of the dataset')
    parser.add_argument(
        '--keypoints', type=Path, help='folder of train.csv and val.csv (DATA_ROOT/keypoints)'
    )
    parser.add_argument(
        '--boxes', type=Path, help='boxes of all splits (DATA_ROOT/bboxes_segmentations.csv)'
    )
    parser.add_argument(
        '--frames', type=Path, help='folder with a folder per event (DATA_ROOT/images)'
    )
    parser.add_argument('--out', type=Path, help='where the annotations go (DATA_ROOT/annotations)')
    parser.add_argument(
        '--splits', nargs='+', default=['train', 'val'], help='train, val or both (both)'
    )
    parser.add_argument(
        '--annotation-size',
        type=parse_annotation_size,
        default=jbd_format.ANNOTATION_SIZE,
        metavar='WxH',
        help="frame size that the annotations refer to; `frames` for each frame's own (1920x1080)",
    )
    parser.add_argument(
        '--scale-frames',
        action='store_true',
        help='scale boxes and keypoints to frames of another size, which are refused otherwise',
    )
    parser.add_argument('--skip-invalid', action='store_true', help='leave out what cannot be used')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace annotations that are there already'
    )
    parser.add_argument('--report', type=Path, help='new file that lists what cannot be used')
    parser.add_argument('--quiet', action='store_true', help='show no progress bar')
    return parser


def parse_annotation_size(text: str) -> tuple[int, int] | None:
    """Reads '1920x1080' as (1920, 1080), and 'frames' as None."""
    if text == 'frames':
        return None
    width, _, height = text.lower().partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not allowed: give width x height in pixels, like 1920x1080, or frames'
        )
    return int(width), int(height)


def show_problems(problems: list, report: Path | None) -> None:
    for problem in problems[:SHOWN]:
        print(problem, file=sys.stderr)
    if report is not None:
        with report.open('x', encoding='utf-8') as file:
            file.writelines(f'{problem}\n' for problem in problems)
        print(f'All {len(problems)} are in {report}.', file=sys.stderr)
    elif len(problems) > SHOWN:
        more = len(problems) - SHOWN
        print(f'… and {more} more; --report FILE writes all of them.', file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Writes the annotations, and returns the exit status."""
    args = build_parser().parse_args(arguments)
    # Imported late, so that --help and mistyped arguments answer at once.
    from ..datasets.jbd_convert import InvalidRows, convert_jbd

    images = args.data_root / jbd_format.FRAME_FOLDER
    frames = args.frames or images
    try:
        if args.report is not None and args.report.exists():
            raise FileExistsError(f'{args.report} exists already; name a new file for --report')
        done = convert_jbd(
            args.keypoints or args.data_root / jbd_format.KEYPOINT_FOLDER,
            args.boxes or args.data_root / jbd_format.BOX_FILE,
            frames,
            args.out or args.data_root / jbd_format.ANNOTATION_FOLDER,
            splits=args.splits,
            annotation_size=args.annotation_size,
            scale_frames=args.scale_frames,
            skip_invalid=args.skip_invalid,
            overwrite=args.overwrite,
            progress=not args.quiet,
        )
        show_problems(done.problems, args.report)
    except InvalidRows as error:
        show_problems(error.problems, args.report)
        print(
            f'error: {error}; nothing was written. Fix them, or continue without them '
            '(--skip-invalid).',
            file=sys.stderr,
        )
        return 1
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if done.problems:
        print(f'Left out {len(done.problems)} rows and boxes that cannot be used.')
    for split, path in done.files.items():
        print(f'Wrote {path}: {done.images[split]} images.')
    if frames.resolve() != images.resolve():
        print(f"Next: link the frames, ln -s '{frames.resolve()}' '{images}'; then")
    else:
        print('Next:', end=' ')
    print(
        f"train and test with a config of configs/jbd and data_root='{args.data_root}' "
        "(JBDDataset, data_prefix=dict(img='images/'))."
    )
    return 0
