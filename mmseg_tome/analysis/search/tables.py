"""What was found as tables: trials, points, and rows of results."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from ..results import Result
from .about import About
from .baselines import Choice
from .held_out import UNMERGED, Setting
from .space import describe
from .trials import Trial


def trials_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """All trials, in the order in which they were measured."""
    return pd.DataFrame(
        {
            'number': trial.number,
            'origin': trial.origin,
            'setting': describe(trial.stages),
            'quality': trial.quality,
            'pruned': trial.pruned,
            'time_over_unmerged': trial.time,
            'seconds_per_image': trial.seconds,
            **trial.metrics,
            'commit': trial.commit,
            'tome_cfg': json.dumps(trial.stages),
        }
        for trial in trials
    )


def points_table(settings: Sequence[Setting]) -> pd.DataFrame:
    """What is reported: the presets and the front."""
    return pd.DataFrame(
        {
            'name': one.name,
            'setting': one.description,
            'time_over_unmerged': one.time,
            'lower_quartile': one.timing.low,
            'upper_quartile': one.timing.high,
            'seconds_per_image': one.timing.seconds,
            **{f'{name}_searched': value for name, value in one.metrics.items()},
            **{f'{name}_held_out': value for name, value in one.held_out.items()},
            'tome_cfg': json.dumps(one.stages) if one.stages is not None else one.name,
        }
        for one in settings
    )


def results(about: About, settings: Sequence[Setting], choices: Sequence[Choice]) -> list[Result]:
    """The same as rows of results, as the tables of this project's documentation read them."""
    rows = [*_setting_rows(about, settings), *_choice_rows(about, choices)]
    return [row.at(about.provenance, about.key, about.command) for row in rows]


def _setting_rows(about: About, settings: Sequence[Setting]) -> Iterator[Result]:
    unmerged = next(one for one in settings if one.name == UNMERGED)
    objective, timed = about.objective, about.options.final_repeats
    for one in settings:
        timing = one.timing
        yield _row(
            about, one, 'time over none', timing.ratio,
            low=timing.low, high=timing.high, samples=timed,
        )  # fmt: skip
        yield _row(about, one, 'seconds_per_image', timing.seconds, unit='s', samples=timed)
        yield _row(
            about, one, f'{objective}, searched on', one.quality,
            unit='%', samples=about.num_searched,
        )  # fmt: skip
        for name, value in one.held_out.items():
            yield _row(about, one, f'{name}, held out', value, unit='%', samples=about.num_held_out)
        if one is not unmerged:
            change = one.held_out_quality - unmerged.held_out_quality
            yield _row(
                about, one, f'{objective} change, held out', change,
                unit='points', samples=about.num_held_out,
            )  # fmt: skip


def _choice_rows(about: About, choices: Sequence[Choice]) -> Iterator[Result]:
    for choice in choices:
        low, high = choice.interval
        yield _row(
            about,
            choice.setting,
            f'{about.objective} change over {choice.baseline.name}, held out',
            choice.setting.held_out_quality - choice.baseline.held_out_quality,
            low=low,
            high=high,
            unit='points',
            samples=about.num_held_out,
            note='interval: paired bootstrap',
        )


def _row(about: About, setting: Setting, metric: str, value: float, **more: Any) -> Result:
    # Inputs of several sizes have no one size.
    width, height = map(int, about.sizes[0].split('x')) if len(about.sizes) == 1 else (None, None)
    return Result(
        f'search-{about.dataset}',
        metric,
        value,
        model=about.config,
        height=height,
        width=width,
        batch=str(about.options.batch),
        dtype='fp32',
        mode='inference',
        scope='model',
        dataset=about.dataset,
        implementation='ours',
        strategy=setting.name,
        **more,
    )
