"""Make a small checkpoint of a trained model to pass on: weights alone, in half precision."""

import argparse
import sys
from pathlib import Path

EXAMPLE = """\
example:
  python tools/publish_checkpoint.py work_dirs/segformer/iter_4000.pth segformer.pth

Training, testing and `apply_tome` take the result like any other checkpoint.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', type=Path, help='as training wrote it')
    parser.add_argument('out', type=Path, help='a new file')
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        parser.error(f'{args.checkpoint}: there is no such file')
    if args.out.exists():
        parser.error(f'{args.out} exists; give another name, or remove it first')

    import torch

    import mmseg_tome  # noqa: F401 - lets checkpoints of mmengine load safely

    checkpoint = torch.load(args.checkpoint, map_location='cpu', weights_only=True)
    if 'state_dict' not in checkpoint:
        sys.exit(f'{args.checkpoint} holds no state_dict, but {sorted(checkpoint)}')
    meta = checkpoint.get('meta', {})
    small = {
        'state_dict': {
            name: value.half() if value.is_floating_point() else value
            for name, value in checkpoint['state_dict'].items()
        },
        'meta': {key: meta[key] for key in ('dataset_meta', 'iter', 'epoch') if key in meta},
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(small, args.out)
    print(f'Wrote {args.out}, {args.out.stat().st_size / 1e6:.1f} MB.')


if __name__ == '__main__':
    main()
