"""Is anything better than HQ, or faster than fast? Chosen by some images, judged by others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .bootstrap import Score, paired_bootstrap
from .held_out import Setting
from .pareto import best_within, fastest_with


@dataclass(frozen=True)
class Choice:
    """A setting that was chosen to beat a preset, by the images searched on alone.

    Args:
        name: Of the file that it is written to.
        why: What it was chosen for.
        setting: The setting.
        baseline: The preset.
        holds: Whether it beats the preset on the held-out images too.
        interval: Of the difference in quality on the held-out images, in percentage points: see
            :func:`~mmseg_tome.analysis.search.bootstrap.paired_bootstrap`.
    """

    name: str
    why: str
    setting: Setting
    baseline: Setting
    holds: bool
    interval: tuple[float, float]

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than what drawing the images again would change."""
        return self.interval[0] > 0 or self.interval[1] < 0


@dataclass(frozen=True)
class BaselineComparison:
    """Whether a preset is beaten, with what that rests on.

    Args:
        question: Such as "Better than hq in hq's time?".
        baseline: The preset.
        choices: What was chosen; empty if nothing on the images searched on could be.
        others: Further points of the front that beat the preset on the held-out images.
        presets: Other presets that beat it on the held-out images.
    """

    question: str
    baseline: Setting
    choices: Sequence[Choice]
    others: Sequence[Setting]
    presets: Sequence[Setting]

    @property
    def is_beaten(self) -> bool:
        """Whether one of the choices beats the preset on the held-out images."""
        return any(choice.holds for choice in self.choices)

    @property
    def verdict(self) -> str:
        """The answer in a sentence or two."""
        name = self.baseline.name
        if not self.choices:
            return f'No: on the images searched on, no setting that was measured beats {name}.'
        if self.is_beaten:
            held = [choice.setting.name for choice in self.choices if choice.holds]
            names = ' and '.join(dict.fromkeys(held))
            text = (
                f'Yes: {names}, chosen on the images searched on, beats {name} on held-out images.'
            )
            if not any(choice.holds and choice.is_clear for choice in self.choices):
                text += (
                    ' But drawn again, these images could say the opposite: the interval contains '
                    '0.'
                )
            return text
        text = (
            f'No: what was chosen on the images searched on does not beat {name} on held-out '
            'images.'
        )
        if self.others:
            names = ', '.join(setting.name for setting in self.others)
            text += (
                f' Of the front, {names} would, but they are known only by looking at these images.'
            )
        return text


def compare_with_baselines(settings: Sequence[Setting], score: Score) -> list[BaselineComparison]:
    """Compare what was found with ``hq`` and with ``fast``.

    Args:
        settings: With these two presets among them.
        score: Computes metrics over images from their results.
    """
    by_name = {setting.name: setting for setting in settings}
    found = [setting for setting in settings if not setting.is_preset]
    hq, fast = by_name['hq'], by_name['fast']

    def beats_hq(setting: Setting) -> bool:
        return setting.time <= hq.time and setting.held_out_quality > hq.held_out_quality

    def beats_fast(setting: Setting) -> bool:
        return setting.time < fast.time and setting.held_out_quality >= fast.held_out_quality

    faster = [setting for setting in found if setting.time < fast.time]
    best_at_hq_time = ("the best in hq's time or less", best_within(found, hq.time))
    best_below_fast_time = (
        'the best of those faster than fast',
        best_within(faster, fast.time),
    )
    fastest_at_fast_quality = (
        "the fastest of fast's quality or better",
        fastest_with(faster, fast.quality),
    )
    return [
        _compare(
            "Better than hq, in hq's time or less?",
            hq,
            {'best_at_hq_time': best_at_hq_time},
            settings,
            beats_hq,
            score,
        ),
        _compare(
            "Faster than fast, at fast's quality or better?",
            fast,
            {
                'best_below_fast_time': best_below_fast_time,
                'fastest_at_fast_quality': fastest_at_fast_quality,
            },
            settings,
            beats_fast,
            score,
        ),
    ]


def _compare(
    question: str,
    baseline: Setting,
    chosen: Mapping[str, tuple[str, Setting | None]],
    settings: Sequence[Setting],
    beats: Callable[[Setting], bool],
    score: Score,
) -> BaselineComparison:
    choices = [
        Choice(name, why, one, baseline, beats(one), _interval(one, baseline, score))
        for name, (why, one) in chosen.items()
        if one is not None
    ]
    names = {choice.setting.name for choice in choices}
    beating = [setting for setting in settings if beats(setting)]
    others = [one for one in beating if one.name not in names and not one.is_preset]
    return BaselineComparison(
        question, baseline, choices, others, [one for one in beating if one.is_preset]
    )


def _interval(one: Setting, baseline: Setting, score: Score) -> tuple[float, float]:
    return paired_bootstrap(one.results, baseline.results, one.objective, score)
