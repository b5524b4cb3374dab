"""The search itself: presets, each stage alone, what that promises, then what is proposed."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import optuna

from ...strategies import PRESETS
from ..provenance import commit
from .bench import Bench
from .front import non_dominated
from .images import Images
from .sensitivity import alone, promising
from .space import Stages, key_of
from .study import Exhausted, Study, Trial

NUM_PROMISING = 16
PART = 3  # every third image is predicted first
ENOUGH = 4  # images in that part, to judge by them
CLEARLY = 1.0  # percentage points of quality that a faster candidate is ahead by


@dataclass(frozen=True)
class Budget:
    """How long to search.

    Args:
        trials: Number of candidates measured, those of earlier runs included; None for any.
        minutes: Minutes of this run; None for any.

    Raises:
        ValueError: If there is no limit at all.
    """

    trials: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if self.trials is None and self.minutes is None:
            raise ValueError('a search needs an end: give trials or minutes')

    def used(self, trials: int, minutes: float) -> float:
        """The share that is used up, from 0 to 1."""
        by_trials = trials / self.trials if self.trials else 0.0
        by_minutes = minutes / self.minutes if self.minutes else 0.0
        return min(max(by_trials, by_minutes), 1.0)


class Search:
    """Looks for the front of quality against time.

    Args:
        bench: Measures candidates.
        study: Remembers them.
        images: Those that are searched on.
        objective: The metric that is quality.
        sr_ratios: Of the backbone's stages.
    """

    def __init__(
        self,
        bench: Bench,
        study: Study,
        images: Images,
        objective: str,
        sr_ratios: tuple[int, ...],
    ) -> None:
        self._bench = bench
        self.study = study
        self.objective = objective
        self.sr_ratios = sr_ratios
        order = list(range(len(images)))
        self._first = images.select(order[::PART])
        self._rest = images.select([i for i in order if i % PART])
        self._commit = commit()

    def run(self, budget: Budget, on_trial: Callable[[float], None] = lambda used: None) -> None:
        """Measure candidates until the budget is used up.

        Args:
            budget: How many, or how long.
            on_trial: Called after each with the share of the budget that is used up.
        """
        start = time.monotonic()

        def used() -> float:
            return budget.used(len(self.study.trials), (time.monotonic() - start) / 60)

        on_trial(used())
        for origin, stages in self._given():
            if used() >= 1:
                return
            self._measure(self.study.start(stages), origin, stages)
            on_trial(used())
        while used() < 1:
            try:
                begun, stages = self.study.propose()
            except Exhausted:
                return
            self._measure(begun, 'search', stages)
            on_trial(used())

    def front(self) -> list[Trial]:
        """The front of what was measured on all images."""
        return non_dominated(trial for trial in self.study.trials if not trial.pruned)

    def effects(self) -> dict[str, tuple[float, float]]:
        """Change of quality and of time of each candidate of the sensitivity pass, by its key."""
        none = self.trial_of(preset_stages('none', len(self.sr_ratios)))
        if none is None:
            return {}
        keys = {key_of(stages) for stages in alone(self.sr_ratios)}
        return {
            key_of(trial.stages): (trial.quality - none.quality, trial.time - 1)
            for trial in self.study.trials
            if key_of(trial.stages) in keys
        }

    def trial_of(self, stages: Stages) -> Trial | None:
        """The trial of a candidate, if it was measured."""
        key = key_of(stages)
        return next((trial for trial in self.study.trials if key_of(trial.stages) == key), None)

    def _given(self) -> Iterator[tuple[str, Stages]]:
        """What is tried whatever comes of it, but for what was already."""
        for origin, stages in self._planned():
            if not self.study.knows(stages):
                yield origin, stages

    def _planned(self) -> Iterator[tuple[str, Stages]]:
        for name in searched_presets():
            yield f'preset {name}', preset_stages(name, len(self.sr_ratios))
        for stages in alone(self.sr_ratios):
            yield 'stage alone', stages
        for stages in promising(self.effects(), self.sr_ratios, NUM_PROMISING):
            yield 'sum of stages', stages

    def _measure(self, begun: optuna.Trial, origin: str, stages: Stages) -> None:
        timing = self._bench.time(stages)
        results = self._bench.results(stages, self._first)
        quality = early = self._bench.score(results)[self.objective]
        metrics: dict[str, float] = {}
        # Presets are what everything is compared with: never on part of the images.
        beaten = None if origin.startswith('preset') else self._beaten(early, timing.ratio)
        if beaten is None:
            results += self._bench.results(stages, self._rest)
            metrics = self._bench.score(results)
            quality = metrics[self.objective]
        else:
            # The part may be easier or harder than the whole, and is so for the other one too.
            quality = early + beaten.quality - beaten.early
        if math.isnan(quality):
            raise ValueError(
                f'{self.objective} is not a number: nothing in the images counts for it'
            )
        trial = Trial(
            begun.number,
            origin,
            stages,
            quality,
            timing.ratio,
            timing.seconds,
            early,
            metrics,
            pruned=beaten is not None,
            commit=self._commit,
        )
        self.study.finish(begun, trial)

    def _beaten(self, early: float, ratio: float) -> Trial | None:
        """A trial that is faster, and clearly better on the images predicted first."""
        if len(self._first) < ENOUGH:
            return None
        return next(
            (
                trial
                for trial in self.study.trials
                if not trial.pruned and trial.time <= ratio and trial.early >= early + CLEARLY
            ),
            None,
        )


def searched_presets() -> list[str]:
    """The presets that are within the space: all that merge, and none."""
    return [name for name, preset in PRESETS.items() if not preset.down_sample]


def preset_stages(name: str, num_stages: int) -> Stages:
    """A preset as a list of one dict per stage."""
    return [dict(stage) for stage in PRESETS[name].stages] or [{}] * num_stages
