"""One stage at a time: what each costs and saves, and what that promises for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .pareto import pareto_front, spread
from .space import SIDES, Stages, key_of


def side_settings(side: str) -> list[dict[str, Any]]:
    """What is tried on a side alone: the two presets' grids at high rates, and 2D neighbors."""
    return [
        {f'{side}_mode': 'bsm', f'{side}_r': 0.6, f'{side}_sx': 2, f'{side}_sy': 2},
        {f'{side}_mode': 'bsm', f'{side}_r': 0.9, f'{side}_sx': 4, f'{side}_sy': 4},
        {f'{side}_mode': 'n2d', f'{side}_s': [2, 2]},
    ]


def stage_settings(sr_ratio: int) -> list[dict[str, Any]]:
    """What is tried in a stage alone.

    Where there is no spatial reduction, both sides with the same setting are merging around plain
    attention (Fig. 2b): queries, keys and values are then of the same merged tokens.
    """
    settings = [setting for side in SIDES for setting in side_settings(side)]
    if sr_ratio == 1:
        pairs = zip(side_settings('q'), side_settings('kv'), strict=True)
        settings += [q | kv for q, kv in pairs]
    return settings


def single_stage_candidates(sr_ratios: Sequence[int]) -> list[Stages]:
    """The candidates of the sensitivity pass: in each, one stage merges."""
    return [
        [setting if i == stage else {} for i in range(len(sr_ratios))]
        for stage, ratio in enumerate(sr_ratios)
        for setting in stage_settings(ratio)
    ]


@dataclass(frozen=True)
class Effect:
    """What settings are measured or expected to do.

    Args:
        stages: The settings of the first stages, or of all.
        quality: Change of quality.
        time: Change of time, over that of the unmerged model.
    """

    stages: tuple[dict[str, Any], ...]
    quality: float
    time: float


def predict_front(
    effects: Mapping[str, tuple[float, float]], sr_ratios: Sequence[int]
) -> list[Effect]:
    """The front that there would be if the effects of stages and sides added up.

    Args:
        effects: Change of quality and of time by the key of each candidate of
            :func:`single_stage_candidates`.
        sr_ratios: As given to it.
    """
    front = [Effect((), 0.0, 0.0)]
    for stage in range(len(sr_ratios)):
        options = list(_stage_effects(effects, sr_ratios, stage))
        front = pareto_front(
            Effect((*a.stages, *b.stages), a.quality + b.quality, a.time + b.time)
            for a in front
            for b in options
        )
    return front


def _stage_effects(
    effects: Mapping[str, tuple[float, float]], sr_ratios: Sequence[int], stage: int
) -> Iterator[Effect]:
    def measured(setting: dict) -> tuple[float, float] | None:
        stages = [setting if i == stage else {} for i in range(len(sr_ratios))]
        return effects.get(key_of(stages))

    nothing: tuple[dict, tuple[float, float]] = ({}, (0.0, 0.0))
    sides = [
        [nothing, *((s, found) for s in side_settings(side) if (found := measured(s)))]
        for side in SIDES
    ]
    for q, (q_quality, q_time) in sides[0]:
        for kv, (kv_quality, kv_time) in sides[1]:
            both = measured(q | kv) if q and kv else None
            quality, time = both or (q_quality + kv_quality, q_time + kv_time)
            yield Effect((q | kv,), quality, time)


def promising_candidates(
    effects: Mapping[str, tuple[float, float]], sr_ratios: Sequence[int], count: int
) -> list[Stages]:
    """Candidates spread over the predicted front."""
    return [list(effect.stages) for effect in spread(predict_front(effects, sr_ratios), count)]
