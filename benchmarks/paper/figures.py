"""Figs. 1 and 4: predictions side by side, with their differences marked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from mmseg_tome.analysis.comparison import Comparison, Predictor
from mmseg_tome.evaluation.pck import box_size, normalized_distances

from ..pictures.pose import PoseSample, draw_poses
from ..pictures.segmentation import Sample, draw_segmentations
from . import figure_inputs, provenance
from .cells import file_hash
from .data_check import count_samples
from .recipe import Recipe
from .report import Report
from .summary import NONE


def draw_figure_1(
    recipe: Recipe,
    checkpoint: Path,
    strategies: Mapping[str, str],
    images: Sequence[Path],
    count: int,
    device: str,
    out: Path,
) -> tuple[Report, list[Path]]:
    """Draw segmentations of images, or of some of the test set, into a new folder.

    Args:
        recipe: Config and options.
        checkpoint: The weights.
        strategies: ``tome_cfg`` by name.
        images: Images, or folders of them; if there are none, the test set's.
        count: How many of the test set.
        device: Where to run.
        out: Folder in which the new one is made.
    """
    cfg = recipe.resolved()
    if images:
        predictor = Predictor(cfg, checkpoint, device)
        samples = figure_inputs.segmentations_of_images(predictor, cfg, strategies, images)
    else:
        count_samples(cfg, ('test',))
        predictor = Comparison(cfg, checkpoint, device)
        samples = figure_inputs.segmentations_of_test_set(predictor, strategies, count)
    meta = predictor.model.dataset_meta
    folder = _new_folder(out)
    paths = []
    for name, sample in samples.items():
        paths.append(folder / f'{name}.png')
        draw_segmentations([sample], meta['classes'], meta['palette'], paths[-1], NONE)
    rows = [
        {'image': name, 'strategy': strategy, **_compare_labels(sample, strategy)}
        for name, sample in samples.items()
        for strategy in sample.predictions
    ]
    return _report('figure1', recipe, checkpoint, device, rows, paths), paths


def draw_figure_4(
    recipe: Recipe,
    checkpoint: Path,
    strategies: Mapping[str, str],
    images: Sequence[Path],
    boxes: Path | None,
    count: int,
    device: str,
    out: Path,
) -> tuple[Report, list[Path]]:
    """Draw poses of people in images, or of some of the test set, into a new folder.

    Args:
        recipe: Config and options.
        checkpoint: The weights.
        strategies: ``tome_cfg`` by name.
        images: Images, or folders of them; if there are none, the test set's.
        boxes: See :func:`figure_inputs.people_of_images`.
        count: How many people of the test set.
        device: Where to run.
        out: Folder in which the new one is made.
    """
    cfg = recipe.resolved()
    if images:
        predictor = Predictor(cfg, checkpoint, device)
        groups = figure_inputs.people_of_images(predictor, cfg, strategies, images, boxes)
    else:
        count_samples(cfg, ('test',))
        predictor = Comparison(cfg, checkpoint, device)
        groups = figure_inputs.people_of_test_set(predictor, strategies, count)
    meta = predictor.model.dataset_meta
    folder = _new_folder(out)
    paths = []
    for name, people in groups.items():
        paths.append(folder / f'{name}.png')
        draw_poses(people, meta['skeleton_links'], meta['skeleton_link_colors'], paths[-1])
    rows = [
        {'image': name, 'person': number, 'strategy': strategy, **_compare_poses(person, strategy)}
        for name, people in groups.items()
        for number, person in enumerate(people, 1)
        for strategy in person.predictions
    ]
    return _report('figure4', recipe, checkpoint, device, rows, paths), paths


def _compare_labels(sample: Sample, strategy: str) -> dict[str, float]:
    labels = sample.predictions[strategy]
    row = {'% differs from none': 100 * (labels != sample.predictions[NONE]).mean()}
    if sample.truth is not None:
        known = sample.truth != 255
        row['% right'] = 100 * (labels == sample.truth)[known].mean()
    return row


def _compare_poses(person: PoseSample, strategy: str) -> dict[str, float]:
    size = box_size(person.box)
    everything = np.ones_like(person.visible)
    moved = normalized_distances(
        person.predictions[strategy], person.predictions[NONE], everything, size
    )
    row = {
        '% of box moved from none, mean': 100 * moved.mean(),
        '% of box moved, most': 100 * moved.max(),
    }
    if person.truth is not None:
        off = normalized_distances(
            person.predictions[strategy], person.truth, person.visible, size
        )[person.visible]
        row |= {f'% right within {t:g}': 100 * (off < t).mean() for t in (0.1, 0.05)}
    return row


def _new_folder(out: Path) -> Path:
    folder = out / f'{datetime.now():%Y%m%d-%H%M%S}'
    folder.mkdir(parents=True)
    return folder


def _report(
    name: str,
    recipe: Recipe,
    checkpoint: Path,
    device: str,
    rows: Sequence[Mapping],
    paths: Sequence[Path],
) -> Report:
    table = pd.DataFrame(rows)
    subject = [column for column in ('image', 'person') if column in table]
    measures = table.columns.drop([*subject, 'strategy'])
    source = f'{recipe.config.stem}, {checkpoint.name} (SHA-256 {file_hash(checkpoint)}…)'
    samples = {'images': len(paths)}
    return Report(
        name=name,
        title=f'{name}: predictions side by side, {recipe.config.stem}',
        caption='\n\n'.join(
            [f'{source}. {provenance.caption([provenance.here(device)], samples)}']
            + [f'![{path.stem}]({path.name})' for path in paths]
        ),
        tables=[(f'{m}:', _by_strategy(table, subject, m)) for m in measures],
        raw=table,
    )


def _by_strategy(table: pd.DataFrame, subject: list[str], measure: str) -> pd.DataFrame:
    """One measure: a row per picture, and the mean; a column per strategy."""
    wide = table.pivot(index=subject, columns='strategy', values=measure)
    wide = wide[table['strategy'].unique()].map('{:.2f}'.format).reset_index().astype(str)
    means = table.groupby('strategy')[measure].mean().map('{:.2f}'.format)
    wide.loc[len(wide)] = {**dict.fromkeys(subject, ''), subject[0]: 'mean', **means}
    return wide.rename_axis(columns=None)
