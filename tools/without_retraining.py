"""Measure what merging changes in a trained model: its metrics, and what it predicts otherwise."""

import argparse
import math
import shlex
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of the checkout, not installed

EXAMPLES = """\
examples:
  python tools/without_retraining.py \\
      configs/streets/segformer_mit-b0_none_1xb4-4k_streets-1024x512.py \\
      checkpoints/segformer_mit-b0_streets-1024x512.pth
      every preset on the config's test set

  python tools/without_retraining.py CONFIG CHECKPOINT \\
      --strategies hq_weighted my-rates.yaml --block 10 \\
      --cfg-options test_dataloader.dataset.data_root=/path/to/camvid
      these alone; frames of a video are drawn ten at a time for the intervals

  python tools/without_retraining.py \\
      configs/athletes/td-hm_mit-b0_none_1xb8-6e_athletes-192x256.py CHECKPOINT
      a pose estimator: PCK, and the keypoints that agree with the unmerged prediction
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('config', type=Path, help='config of a model with a MiT and a test set')
    add('checkpoint', type=Path, help='its weights')
    add('--strategies', nargs='+', default=[], help='presets and files of rates (default: presets)')
    add('--images', type=int, help='use so many, evenly over the set (default: all)')
    add('--block', type=int, default=1, help='images drawn together (default: %(default)s)')
    add('--note', default='', help='what to know about the rows of results')
    add('--out', type=Path, help='new folder for the table and rows of results')
    add('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE')
    args = parser.parse_args()
    for name in ('images', 'block'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name} {value}: give 1 or more')
    if args.out and args.out.exists():
        parser.error(f'--out {args.out} is there already: name a new folder')
    try:
        run(args)
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')


def run(args: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    from benchmarks import without_retraining
    from benchmarks.paper.strategies import read_strategies
    from mmseg_tome.analysis.loading import load_config, load_model
    from mmseg_tome.analysis.progress import Progress
    from mmseg_tome.analysis.provenance import caption, provenance
    from mmseg_tome.analysis.quiet import quiet_logs
    from mmseg_tome.analysis.report import write_report
    from mmseg_tome.analysis.results import Result, to_frame
    from mmseg_tome.analysis.search.images import evenly, labeled_source, load
    from mmseg_tome.analysis.search.scoring import labeled_scorer
    from mmseg_tome.cli.search import parse_cfg_options

    needs = ('model', 'test_dataloader', 'test_evaluator')
    cfg = load_config(args.config, parse_cfg_options(args.cfg_options), needs)
    strategies = read_strategies(args.strategies, cfg.get('default_scope', 'mmseg'))
    with quiet_logs(), Progress() as progress:
        model = load_model(cfg, args.checkpoint)
        source = labeled_source(cfg)
        chosen = evenly(len(source.paths), args.images)
        with progress.step('read images', len(chosen)) as step:
            images = load(source, chosen, step.advance)
        labeled = labeled_scorer(cfg, source.meta)
        agreement = without_retraining.unmerged_scorer(model)
        with progress.step('predict', len(chosen) * len(strategies)) as step:
            models = without_retraining.merged(model, strategies)
            found = without_retraining.predict(models, images, labeled, agreement, step.advance)
        with progress.step('intervals'):
            one = Result(
                'without-retraining', '', math.nan, dataset=str(args.config.parent.name),
                model=without_retraining.model_name(args.config), note=args.note,
                batch='1', dtype='fp32', mode='inference', implementation='ours',
                **without_retraining.size_of(images),
            )  # fmt: skip
            rows = without_retraining.results(
                found, labeled, agreement, args.block, lambda name: replace(one, strategy=name)
            )
            rows = list(rows)
    where = provenance('cpu')
    command = shlex.join(['python', 'tools/without_retraining.py', *sys.argv[1:]])
    rows = [row.at(where, command=command) for row in rows]
    table = to_frame(rows).pivot(index='strategy', columns='metric', values='value')
    hidden = [name for name in table if '/' in name or name in ('aAcc', 'mAcc')]
    table = table.loc[list(strategies)].drop(columns=hidden).reset_index()
    parts = [f'# Without retraining\n\n{caption([where])}', table]
    Console().print(Markdown(table.to_markdown(index=False, floatfmt='.2f')))
    if args.out:
        print('Written:', *write_report(args.out, 'without-retraining', parts, rows))


if __name__ == '__main__':
    main()
