"""What the commands that draw datasets share: their options, and what they say at the end."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

# OpenCV is imported late, so that --help and mistyped arguments answer at once.
if TYPE_CHECKING:
    from .scenes.writing import Written


def parse_size(text: str) -> tuple[int, int]:
    """Read '1024x512' as (1024, 512)."""
    width, _, height = text.lower().partition('x')
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a size; write width x height in pixels, like 1024x512'
        ) from None


def drawing_parser(
    description: str,
    examples: str,
    images: str,
    counts: tuple[int, int],
    size: tuple[int, int],
    limits: str,
) -> argparse.ArgumentParser:
    """The parser of a command that draws a dataset.

    Args:
        description: What it does.
        examples: What follows the options in its help.
        images: What the images are called, such as ``'scenes'``.
        counts: How many there are by default to train on and to evaluate on.
        size: Their default width and height.
        limits: Allowed sizes, such as ``'from 128x64 to 2048x1024'``.
    """
    parser = argparse.ArgumentParser(
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    train, val = counts
    default = '{}x{}'.format(*size)
    add('folder', help='where to write: a new or empty folder, or the same set')
    add('--train', type=int, default=train, help=f'{images} to train on (default: {train})')
    add('--val', type=int, default=val, help=f'{images} to evaluate on (default: {val})')
    add(
        '--size',
        type=parse_size,
        default=size,
        metavar='WxH',
        help=f'pixels, {limits} (default: {default})',
    )
    add('--seed', type=int, default=0, help='0 or more (default: 0)')
    add('--workers', type=int, help='processes (default: one per core)')
    add('--quiet', action='store_true', help='show no progress bar')
    return parser


def draw(
    generate: 'Callable[..., Written]',
    args: argparse.Namespace,
    what: str,
    images: str,
    next_step: Callable[[Path], str],
    **options: Any,
) -> int:
    """Draw a dataset, say what was written, and return the exit status of the command.

    Args:
        generate: ``generate_streets`` or ``generate_athletes``.
        args: What a :func:`drawing_parser` has parsed.
        what: What is drawn, such as ``'street scenes'``.
        images: As :func:`drawing_parser` has it.
        next_step: Says what to do with the dataset in a folder.
        options: Further arguments of ``generate``.
    """
    from .progress import drawing_progress

    try:
        with drawing_progress(f'Drawing {what}') as on_image:
            written = generate(
                args.folder,
                train=args.train,
                val=args.val,
                size=args.size,
                seed=args.seed,
                workers=args.workers,
                on_image=None if args.quiet else on_image,
                **options,
            )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('Interrupted. Run the same command again to continue.', file=sys.stderr)
        return 130
    if written.drawn:
        print(
            f'Wrote {written.drawn} generated {images} to {written.folder} '
            f'in {written.seconds:.0f} s; it now holds all {written.scenes}.'
        )
    else:
        print(f'{written.folder} already holds these {written.scenes} generated {images}.')
    print(next_step(written.folder))
    return 0
