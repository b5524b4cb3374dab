"""The front and the presets, timed against each other and predicted on held-out images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...strategies import AUTO, PRESETS, TomeCfg
from .bench import Bench, Timing
from .images import Images
from .loop import Search, preset_stages, searched_presets
from .space import Stages, key_of

UNMERGED = 'none'
NAMED = (*PRESETS, AUTO)


@dataclass(frozen=True)
class Row:
    """A setting as it is reported.

    Args:
        name: Of the preset, or of the point of the front.
        stages: In the form of ``tome_cfg``; None for a preset that no list of stages can express.
        is_preset: Whether it is one, and not found by the search.
        timing: All rows were timed in turns; the ratio is to the unmerged model.
        metrics: Over the images searched on.
        held_out: Over the held-out images.
        results: What the metrics need of each image held out.
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


def candidates(search: Search, with_downsampling: bool) -> dict[str, TomeCfg]:
    """What is reported: the presets, and the points of the front that are none, by name."""
    presets = [name for name in NAMED if with_downsampling or not _halves(name)]
    known = {key_of(preset_stages(name, len(PRESETS['hq'].stages))) for name in searched_presets()}
    found = [trial for trial in search.front() if key_of(trial.stages) not in known]
    named = {f'front-{n:02}': trial.stages for n, trial in enumerate(reversed(found), 1)}
    return {**{name: name for name in presets}, **named}


def measure(
    bench: Bench,
    search: Search,
    candidates: Mapping[str, TomeCfg],
    searched: Images,
    held_out: Images,
    repeats: int,
    on_step: Callable[[], None] = lambda: None,
) -> list[Row]:
    """Time all candidates in turns, and predict the held-out images with each.

    Args:
        bench: Measures them.
        search: Knows what those that were searched do on the images searched on.
        candidates: What :func:`candidates` returned.
        searched: The images searched on.
        held_out: The images held out.
        repeats: Timed passes of each.
        on_step: Called after every timed pass and every image.
    """
    timings = bench.time_together(candidates, UNMERGED, repeats, on_step)
    rows = []
    for name, tome_cfg in candidates.items():
        stages = _stages(name, tome_cfg)
        trial = search.trial_of(stages) if stages is not None else None
        if trial is not None:
            metrics = trial.metrics
        else:  # what is not searched, or was not reached
            metrics = bench.score(bench.results(tome_cfg, searched))
        results = bench.results(tome_cfg, held_out, on_step)
        rows.append(
            Row(
                name,
                stages,
                name in NAMED,
                timings[name],
                metrics,
                bench.score(results),
                results,
                search.objective,
            )
        )
    return rows


def num_steps(candidates: Mapping[str, TomeCfg], held_out: Images, repeats: int) -> int:
    """How often :func:`measure` calls ``on_step``."""
    return len(candidates) * (repeats + 1 + len(held_out))


def _stages(name: str, tome_cfg: TomeCfg) -> Stages | None:
    if name not in NAMED:
        return list(tome_cfg)
    if name == AUTO or _halves(name):
        return None
    return preset_stages(name, len(PRESETS['hq'].stages))


def _halves(name: str) -> bool:
    return name in PRESETS and PRESETS[name].down_sample
