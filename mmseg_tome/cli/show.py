"""Show which tokens a strategy merges in images, block by block, and what that changes."""

import argparse
import sys
from pathlib import Path

from .options import device, has_device

EXAMPLES = """\
examples:
  python -m mmseg_tome show street.png \\
      --config configs/cityscapes/segformer_mit-b0_none_1xb4-160k_cityscapes-1024x1024.py \\
      --checkpoint segformer_b0.pth --strategy hq
      a sheet: image, predictions, what changed, and the tokens of every block; and index.html,
      with a slider over the blocks

  python -m mmseg_tome show data/cityscapes/leftImg8bit/val/munster --config … --checkpoint … \\
      --strategy fast
      a sheet for every image of the folder, and one index.html for all of them

  python -m mmseg_tome show a.png b.png --config … --checkpoint … --strategy rates.yaml
      custom rates

Every run writes into a new folder. index.html opens in a browser, without a server; to move it,
move its folder.
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome show',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('images', nargs='+', type=Path, metavar='IMAGE', help='images, or folders with images')
    add('--config', type=Path, required=True, help='config of a segmentor with a MiT')
    add('--checkpoint', type=Path, required=True, help='its weights')
    add('--strategy', default='hq', help='preset, or a YAML or JSON file (default: %(default)s)')
    add('--device', type=device, default='cpu', help='cpu, cuda or cuda:1 (default: %(default)s)')
    add('--out', type=Path, default=Path('outputs/tokens'), help='folder (default: %(default)s)')
    return parser


def main(arguments: list[str]) -> int:
    """Writes the sheets and the page, and returns the exit status."""
    args = build_parser().parse_args(arguments)
    if not has_device(args.device):
        return 2
    # Imported late, so that --help and mistyped arguments answer at once.
    from ..analysis.image_files import find_images
    from ..analysis.progress import Progress
    from ..analysis.quiet import quiet_logs
    from ..analysis.tokens.show import show_merging
    from ..analysis.tokens.viewer import TokenViewer

    try:
        images = find_images(args.images)
        with quiet_logs():
            viewer = TokenViewer(args.config, args.checkpoint, args.strategy, args.device)
            viewer.check(images)
            source = f'{args.config.stem}, {args.checkpoint.name}'
            if viewer.was_sliding:
                source += '; whole images, not in sliding windows as the config has it'
                print(f'Note: {source}.')
            title = f'tokens of {viewer.name}'
            with Progress() as progress, progress.step(title, len(images)) as step:
                folder = show_merging(viewer, images, args.out, source, on_image=step.advance)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('Interrupted: the sheets written so far stay, the page is missing.', file=sys.stderr)
        return 130
    print(f'Sheets: {folder}/<image>.png ({len(images)})\nPage:   {folder / "index.html"}')
    return 0
