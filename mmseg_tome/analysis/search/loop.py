"""The search itself: presets, each stage alone, what that promises, then what is proposed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import optuna

from .pareto import pareto_front
from .sensitivity import promising_candidates, single_stage_candidates
from .space import Stages, key_of, preset_stages, searched_presets
from .study import Exhausted, Study
from .trials import Trial, TrialRunner

NUM_PROMISING = 16


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
    """Looks for the Pareto front of quality and time.

    Args:
        runner: Measures candidates.
        study: Remembers them.
        sr_ratios: Of the backbone's stages.
    """

    def __init__(self, runner: TrialRunner, study: Study, sr_ratios: tuple[int, ...]) -> None:
        self._runner = runner
        self.study = study
        self.sr_ratios = sr_ratios

    @property
    def objective(self) -> str:
        """The metric that is quality."""
        return self._runner.objective

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
        """The Pareto front of what was measured on all images."""
        return pareto_front(trial for trial in self.study.trials if not trial.pruned)

    def effects(self) -> dict[str, tuple[float, float]]:
        """Change of quality and of time of each candidate of the sensitivity pass, by its key."""
        none = self.trial_of(preset_stages('none', len(self.sr_ratios)))
        if none is None:
            return {}
        keys = {key_of(stages) for stages in single_stage_candidates(self.sr_ratios)}
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
        for stages in single_stage_candidates(self.sr_ratios):
            yield 'stage alone', stages
        for stages in promising_candidates(self.effects(), self.sr_ratios, NUM_PROMISING):
            yield 'sum of stages', stages

    def _measure(self, begun: optuna.Trial, origin: str, stages: Stages) -> None:
        trial = self._runner.run(begun.number, origin, stages, self.study.trials)
        self.study.finish(begun, trial)
