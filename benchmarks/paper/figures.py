"""Figs. 1 and 4: predictions side by side, with their differences marked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pandas as pd
from mmengine.config import Config

from mmseg_tome.analysis.comparison import Comparison, Predictor
from mmseg_tome.analysis.file_identity import file_hash
from mmseg_tome.analysis.provenance import caption, provenance

from ..pictures.spread import spread
from .data_check import check_data
from .recipe import Recipe
from .report import Report

Sample = TypeVar('Sample')


class Figure(ABC, Generic[Sample]):
    """What differs between the two. Samples have ``predictions`` by strategy."""

    name: ClassVar[str]
    numbered: ClassVar[str] = ''
    """What a picture has several of, if it has."""

    @abstractmethod
    def of_test_set(
        self, comparison: Comparison, strategies: Sequence[str], indices: Sequence[int]
    ) -> dict[str, list[Sample]]:
        """Predict samples of the test set, which have ground truth, by the pictures' names."""

    @abstractmethod
    def of_images(
        self, predictor: Predictor, cfg: Config, strategies: Sequence[str], paths: Sequence[Path]
    ) -> dict[str, list[Sample]]:
        """Predict images, or folders of them, by the pictures' names."""

    @abstractmethod
    def draw(self, samples: Sequence[Sample], meta: Mapping[str, Any], path: Path) -> None:
        """Draw one picture.

        Args:
            samples: With the predictions of all strategies.
            meta: Of the dataset.
            path: The PNG file to write.
        """

    @abstractmethod
    def compare(self, sample: Sample, strategy: str) -> dict[str, float]:
        """What a strategy changes, by the names of the measures."""


def draw_figure(
    figure: Figure,
    recipe: Recipe,
    checkpoint: Path,
    strategies: Mapping[str, str],
    images: Sequence[Path],
    count: int,
    device: str,
    out: Path,
) -> tuple[Report, list[Path]]:
    """Draw predictions for images, or for some of the test set, into a new folder.

    Args:
        figure: Which one.
        recipe: Config and options.
        checkpoint: The weights.
        strategies: ``tome_cfg`` by name.
        images: Images, or folders of them; if there are none, the test set's.
        count: How many of the test set.
        device: Where to run.
        out: Folder in which the new one is made.

    Raises:
        FileNotFoundError: If the test set is missing and no images are given.
    """
    cfg = recipe.resolved()
    values = list(strategies.values())
    if images:
        predictor = Predictor(cfg, checkpoint, device)
        groups = figure.of_images(predictor, cfg, values, images)
    else:
        samples = check_data(cfg, 'test').samples
        predictor = Comparison(cfg, checkpoint, device)
        groups = figure.of_test_set(predictor, values, spread(samples, count))
    folder = out / f'{datetime.now():%Y%m%d-%H%M%S}'
    folder.mkdir(parents=True)
    rows, paths = [], []
    for name, group in groups.items():
        named = [_by_name(sample, strategies) for sample in group]
        paths.append(folder / f'{name}.png')
        figure.draw(named, predictor.model.dataset_meta, paths[-1])
        for number, sample in enumerate(named, 1):
            subject = {'image': name} | ({figure.numbered: number} if figure.numbered else {})
            rows += [{**subject, 'strategy': s, **figure.compare(sample, s)} for s in strategies]
    return _report(figure, recipe, checkpoint, device, pd.DataFrame(rows), paths), paths


def _by_name(sample: Sample, strategies: Mapping[str, str]) -> Sample:
    """With predictions by the strategies' names, not by their ``tome_cfg``."""
    named = {name: sample.predictions[tome_cfg] for name, tome_cfg in strategies.items()}
    return replace(sample, predictions=named)


def _report(
    figure: Figure,
    recipe: Recipe,
    checkpoint: Path,
    device: str,
    table: pd.DataFrame,
    paths: Sequence[Path],
) -> Report:
    subject = [column for column in ('image', figure.numbered) if column in table]
    measures = table.columns.drop([*subject, 'strategy'])
    source = f'{recipe.config.stem}, {checkpoint.name} (SHA-256 {file_hash(checkpoint)}…)'
    where = caption([provenance(device)], {'images': len(paths)})
    return Report(
        name=figure.name,
        title=f'{figure.name}: predictions side by side, {recipe.config.stem}',
        caption='\n\n'.join(
            [f'{source}. {where}', *(f'![{path.stem}]({path.name})' for path in paths)]
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
