"""Search for reduction rates: the front of quality against measured time, for your own model."""

import argparse
import shlex
import sys
from pathlib import Path

from .options import device, has_device, positive, size

EXAMPLES = """\
examples:
  python -m mmseg_tome search configs/camvid/segformer_mit-b0_none_1xb4-3k_camvid-480x360.py \\
      checkpoints/segformer_mit-b0_camvid-480x360.pth --minutes 15 \\
      --cfg-options test_dataloader.dataset.data_root=/path/to/camvid
      on the config's test set: half of its images are searched on, the other half is reported on

  python -m mmseg_tome search CONFIG CHECKPOINT --size 2048x1024 --unlabeled images --minutes 30
      on images without labels: quality is the share of pixels whose class is that of the unmerged
      model

  python -m mmseg_tome search configs/jbd/segformer_mit-b0_none_1xb16-210e_jbd-480x640.py \\
      jbd.pth --device cuda --batch 16 --trials 300
      pose, by PCK@0.1

Run it again with the same --out and options to continue: trials that were measured are not measured
again. Each run writes a new folder report-<time>/ below --out, with report.md, front.png, tables,
and a file for every setting of the front, for
  mim test mmsegmentation CONFIG --checkpoint CHECKPOINT \\
      --cfg-options model.backbone.tome_cfg=outputs/search/report-.../best_at_hq_time.yaml
docs/search.md explains what is searched and how to read it.
"""


def minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text!r}: give minutes above 0')
    return value


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome search',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', type=Path, help='config of a segmentor or pose estimator with a MiT')
    add('checkpoint', type=Path, help='its weights')
    add('--out', type=Path, default=Path('outputs/search'), help='folder (default: %(default)s)')
    add('--trials', type=positive, help='stop after measuring this many candidates')
    add('--minutes', type=minutes, help='stop searching after this many minutes, then report')
    add(
        '--size',
        type=size(32),
        metavar='WxH',
        help="scale test images to it (default: the config's)",
    )
    add(
        '--unlabeled',
        '--unlabelled',
        type=Path,
        metavar='FOLDER',
        help="images to use, not the config's test set",
    )
    add(
        '--metric',
        help='quality (default: mIoU, PCK@0.1, or agreement with --unlabeled)',
    )
    add(
        '--holdout',
        default='alternate',
        choices=['alternate', 'last'],
        help='images to report on and not to search on: every second, or the last half, for videos '
        '(default: %(default)s)',
    )
    add(
        '--images',
        type=positive,
        metavar='N',
        help='use N images, evenly over the set (default: all)',
    )
    add('--device', type=device, default='cpu', help='cpu, cuda or cuda:1 (default: %(default)s)')
    add('--batch', type=positive, default=1, help='images at once (default: %(default)s)')
    add(
        '--repeats',
        type=positive,
        default=7,
        help='timed passes of a candidate (default: %(default)s)',
    )
    add(
        '--final-repeats',
        type=positive,
        default=21,
        help='timed passes of what is reported (default: %(default)s)',
    )
    add('--seed', type=int, default=0, help='seed of the proposals (default: %(default)s)')
    add('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE')
    return parser


def parse_cfg_options(pairs: list[str]) -> dict:
    """Reads `--cfg-options` as `mim train` does: separately, since that imports mmengine."""
    from mmengine.config import DictAction

    parser = argparse.ArgumentParser()
    parser.add_argument('pairs', nargs='*', action=DictAction)
    return parser.parse_args(pairs).pairs or {}


def main(arguments: list[str]) -> int:
    """Searches, writes the report, and returns the exit status."""
    args = build_parser().parse_args(arguments)
    if not has_device(args.device):
        return 2
    # Imported late, so that --help and mistyped arguments answer at once.
    from rich.console import Console
    from rich.markdown import Markdown

    from ..analysis.progress import Progress
    from ..analysis.search.driver import search_rates
    from ..analysis.search.loop import Budget
    from ..analysis.search.options import Options
    from ..analysis.store import InUseError

    args.cfg_options = parse_cfg_options(args.cfg_options)
    if args.trials is None and args.minutes is None:
        args.trials = 150
    options = Options(**{name: getattr(args, name) for name in Options.__dataclass_fields__})
    budget = Budget(args.trials, args.minutes)
    command = shlex.join(['python', '-m', 'mmseg_tome', 'search', *arguments])
    try:
        with Progress() as progress:
            found = search_rates(options, args.out, budget, progress, command)
    except (ValueError, OSError, InUseError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            f'Interrupted: the trials so far are kept in {args.out}; the same command resumes.',
            file=sys.stderr,
        )
        return 130
    console = Console()
    for comparison in found.comparisons:
        console.print(Markdown(f'**{comparison.question}** {comparison.verdict}'))
    print(f'Trials: {found.trials}\nReport: {found.report}')
    return 0
