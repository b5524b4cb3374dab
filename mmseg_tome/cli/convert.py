"""Convert a checkpoint of SegFormer from one format to another: NVlabs, Hugging Face, mmseg."""

import argparse
import shlex
import sys
from pathlib import Path

from .options import positive

EXAMPLES = """\
examples:
  python -m mmseg_tome convert segformer-b0-finetuned-ade-512-512 b0_ade.pth
      a folder of Hugging Face's; writes b0_ade.pth, and b0_ade.py for mim test
  python -m mmseg_tome convert segformer.b2.1024x1024.city.160k.pth b2_cityscapes.pth
      a checkpoint of NVlabs'
  python -m mmseg_tome convert work_dirs/b0/iter_160000.pth b0 --to hf
      writes the folder b0 for from_pretrained, where the head has bare projections
  python -m mmseg_tome convert mit_b0.pth mit_b0_rgbd.pth --in-channels 4

The format and variant of IN are found by its names. Nothing is overwritten, and nothing that could
run code is unpickled.
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome convert',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('source', metavar='IN', type=Path, help='a file, or a folder')
    parser.add_argument('out', metavar='OUT', type=Path, help='a .pth, or a folder for --to hf')
    parser.add_argument(
        '--to',
        choices=('mmseg', 'hf', 'nvlabs'),
        default='mmseg',
        help='the format to write (default: %(default)s, with a config beside it)',
    )
    parser.add_argument(
        '--in-channels',
        type=positive,
        metavar='N',
        help='inflate or average the first layer for images of N channels',
    )
    parser.add_argument('--encoder-only', action='store_true', help='leave the head out')
    parser.add_argument(
        '--names', action='store_true', help='list every tensor with its old and its new name'
    )
    return parser


def main(arguments: list[str]) -> int:
    """Converts, says what was found and written, and returns the exit status."""
    args = build_parser().parse_args(arguments)
    from ..checkpoints import CheckpointError, convert
    from ..compat.checkpoints import UnsafeCheckpointError

    command = f'python -m mmseg_tome convert {shlex.join(arguments)}'
    try:
        lines = convert(
            args.source,
            args.out,
            args.to,
            args.in_channels,
            args.encoder_only,
            args.names,
            command,
        )
    except (CheckpointError, OSError, UnsafeCheckpointError) as error:
        print(f'error: {_named(args.source, str(error))}', file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name != 'safetensors':
            raise
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(*lines, sep='\n')
    return 0


def _named(source: Path, message: str) -> str:
    return message if str(source) in message else f'{source}: {message}'
