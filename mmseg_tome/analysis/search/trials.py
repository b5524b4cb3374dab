"""One trial: a candidate is timed, and predicts as many images as it takes to judge it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .evaluator import Evaluator
from .images import Images
from .space import Stages

PART = 3  # every third image is predicted first
ENOUGH = 4  # images in that part, to judge by them
CLEARLY = 1.0  # percentage points of quality that a faster candidate is ahead by


@dataclass(frozen=True)
class Trial:
    """A candidate and what was measured of it.

    Args:
        number: Counts from 0; proposals that were not measured leave gaps.
        origin: Why it was tried, such as ``preset hq`` or ``search``.
        stages: The candidate, in the form of ``tome_cfg``.
        quality: What is searched for; in a pruned trial an estimate from part of the images.
        time: Time over that of the unmerged model.
        seconds: Time per image.
        early: Quality over the part of the images that is predicted first.
        metrics: All metrics over the images searched on; empty in a pruned trial.
        pruned: Whether only part of the images was predicted, since it was clearly beaten.
        commit: Of the code that measured it.
    """

    number: int
    origin: str
    stages: Stages
    quality: float
    time: float
    seconds: float
    early: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    pruned: bool = False
    commit: str = ''


class TrialRunner:
    """Measures candidates, those that others clearly beat on part of the images alone.

    Args:
        evaluator: Measures time and quality.
        images: Those that are searched on.
        objective: The metric that is quality.
        commit: Of the code, for the trials.
    """

    def __init__(
        self, evaluator: Evaluator, images: Images, objective: str, commit: str = ''
    ) -> None:
        self._evaluator = evaluator
        self.objective = objective
        self._commit = commit
        order = list(range(len(images)))
        self._first = images.select(order[::PART])
        self._rest = images.select([i for i in order if i % PART])

    def run(self, number: int, origin: str, stages: Stages, earlier: Iterable[Trial]) -> Trial:
        """Measure a candidate.

        Args:
            number: See :class:`Trial`.
            origin: See :class:`Trial`.
            stages: The candidate.
            earlier: Trials that it is compared with.

        Raises:
            ValueError: If its quality is not a number.
        """
        timing = self._evaluator.time(stages)
        results = self._evaluator.results(stages, self._first)
        quality = early = self._evaluator.score(results)[self.objective]
        metrics: dict[str, float] = {}
        # Presets are what everything is compared with: never on part of the images.
        is_preset = origin.startswith('preset')
        better = None if is_preset else self._better(early, timing.ratio, earlier)
        if better is None:
            results += self._evaluator.results(stages, self._rest)
            metrics = self._evaluator.score(results)
            quality = metrics[self.objective]
        else:
            # The part may be easier or harder than the whole, and is so for the other one too.
            quality = early + better.quality - better.early
        if math.isnan(quality):
            raise ValueError(
                f'{self.objective} is not a number: nothing in the images counts for it'
            )
        return Trial(
            number,
            origin,
            stages,
            quality,
            timing.ratio,
            timing.seconds,
            early,
            metrics,
            pruned=better is not None,
            commit=self._commit,
        )

    def _better(self, early: float, time: float, earlier: Iterable[Trial]) -> Trial | None:
        """A trial that is as fast, and clearly better on the images predicted first."""
        if len(self._first) < ENOUGH:
            return None
        return next(
            (
                trial
                for trial in earlier
                if not trial.pruned and trial.time <= time and trial.early >= early + CLEARLY
            ),
            None,
        )
