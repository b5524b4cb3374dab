"""Count what matching costs beside everything else, with all destinations and within a window.

Example:
    python -m benchmarks.matching_cost benchmarks/results/matching-cost.csv
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmseg_tome.analysis import complexity
from mmseg_tome.analysis.provenance import provenance
from mmseg_tome.analysis.quiet import quiet_logs
from mmseg_tome.analysis.results import Result, write_csv
from mmseg_tome.analysis.variants import drawn_segmentor, variant_config
from mmseg_tome.apply import apply_tome
from mmseg_tome.strategies import PRESETS

VARIANTS = ('b0', 'b2', 'b5')
SIZES = ((1024, 1024), (1024, 2048), (2160, 3840))  # height, width
WINDOW = 3


def count() -> Iterator[Result]:
    """Count operations of whole models: of matching, and of all.

    Every strategy that matches comes as it is, and with windows where it has none.
    """
    with quiet_logs():
        for variant in VARIANTS:
            model = drawn_segmentor(variant, 'model')
            for name, preset in PRESETS.items():
                if preset.down_sample:
                    continue
                stages = [dict(stage) for stage in preset.stages]
                near = [_within_windows(stage) for stage in stages]
                for note, each in (('as it is', stages), (f'windows of {WINDOW}', near)):
                    if each != stages or note == 'as it is':
                        apply_tome(model, each or None)
                        yield from _count(model, variant, name, note)


def _within_windows(stage: dict) -> dict:
    sides = [side for side in ('q', 'kv') if stage.get(f'{side}_mode') == 'bsm']
    return {f'{side}_window': WINDOW for side in sides} | stage


def _count(model: Any, variant: str, strategy: str, note: str) -> Iterator[Result]:
    where = provenance('cpu')  # counts are the same on all
    layers = variant_config(variant).model.decode_head
    for h, w in SIZES:
        counted = complexity.count_gflop(model.backbone, (h, w))
        head = complexity.count_head_gflop(
            model.backbone, (h, w), layers.channels, layers.num_classes
        )
        matching = counted.loc[counted['step'] == complexity.MATCHING, 'gflop'].sum()
        for metric, value in (('matching', matching), ('all', counted['gflop'].sum() + head)):
            yield Result(
                'matching-cost', metric, value, unit='GFLOP', model=variant, height=h, width=w,
                batch='1', implementation='ours', strategy=strategy, note=note,
            ).at(where, command='python -m benchmarks.matching_cost')  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('out', type=Path, help='file to write')
    write_csv(count(), parser.parse_args().out)


if __name__ == '__main__':
    main()
