"""The front and the presets, timed against each other and evaluated on held-out images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...strategies import AUTO, PRESETS
from .evaluator import Evaluator, Timing
from .images import Images, Split
from .loop import Search
from .space import Stages, describe, key_of, preset_stages, searched_presets

UNMERGED = 'none'
NAMED = (*PRESETS, AUTO)


@dataclass(frozen=True)
class Setting:
    """A setting as it is reported.

    Args:
        name: Of the preset, or of the point of the front.
        stages: In the form of ``tome_cfg``; None for a preset that no list of stages can express.
        is_preset: Whether it is one, and not found by the search.
        timing: All settings were timed in turns; the ratio is to the unmerged model.
        metrics: Over the images searched on.
        held_out: Over the held-out images.
        results: What the metrics need of each held-out image.
        objective: The metric that is quality.
    """

    name: str
    stages: Stages | None
    is_preset: bool
    timing: Timing
    metrics: Mapping[str, float]
    held_out: Mapping[str, float]
    results: Sequence[tuple]
    objective: str

    @property
    def description(self) -> str:
        """What it merges, in a line; of a preset that no list of stages can express, the name."""
        return self.name if self.stages is None else describe(self.stages)

    @property
    def time(self) -> float:
        """Time over that of the unmerged model."""
        return self.timing.ratio

    @property
    def quality(self) -> float:
        """Quality on the images searched on, by which settings are chosen."""
        return self.metrics[self.objective]

    @property
    def held_out_quality(self) -> float:
        """Quality on the held-out images, by which they are judged."""
        return self.held_out[self.objective]


def reported_settings(search: Search, with_downsampling: bool) -> dict[str, str | Stages]:
    """What is reported: the presets, and the points of the front that are none, by name."""
    presets = [name for name in NAMED if with_downsampling or not _down_samples(name)]
    num_stages = len(search.sr_ratios)
    known = {key_of(preset_stages(name, num_stages)) for name in searched_presets()}
    found = [trial for trial in search.front() if key_of(trial.stages) not in known]
    named = {f'front-{n:02}': trial.stages for n, trial in enumerate(reversed(found), 1)}
    return {**{name: name for name in presets}, **named}


def evaluate(
    evaluator: Evaluator,
    search: Search,
    settings: Mapping[str, str | Stages],
    split: Split,
    repeats: int,
    on_step: Callable[[], None] = lambda: None,
) -> list[Setting]:
    """Time all settings in turns, and predict the held-out images with each.

    Args:
        evaluator: Measures them.
        search: Knows what those that were searched do on the images searched on.
        settings: What :func:`reported_settings` returned.
        split: The images.
        repeats: Timed passes of each.
        on_step: Called after every timed pass and every image.
    """
    timings = evaluator.time_together(settings, UNMERGED, repeats, on_step)
    evaluated = []
    for name, tome_cfg in settings.items():
        stages = _stages(name, tome_cfg, len(search.sr_ratios))
        trial = search.trial_of(stages) if stages is not None else None
        if trial is not None:
            metrics = trial.metrics
        else:  # what is not searched, or was not reached
            metrics = evaluator.score(evaluator.results(tome_cfg, split.searched))
        results = evaluator.results(tome_cfg, split.held_out, on_step)
        evaluated.append(
            Setting(
                name,
                stages,
                name in NAMED,
                timings[name],
                metrics,
                evaluator.score(results),
                results,
                search.objective,
            )
        )
    return evaluated


def num_steps(settings: Mapping[str, str | Stages], held_out: Images, repeats: int) -> int:
    """How often :func:`evaluate` calls ``on_step``."""
    return len(settings) * (repeats + 1 + len(held_out))


def _stages(name: str, tome_cfg: str | Stages, num_stages: int) -> Stages | None:
    if not isinstance(tome_cfg, str):
        return tome_cfg
    if name == AUTO or _down_samples(name):
        return None
    return preset_stages(name, num_stages)


def _down_samples(name: str) -> bool:
    return name in PRESETS and PRESETS[name].down_sample
