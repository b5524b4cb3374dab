"""Is anything better than HQ, or faster than fast? Chosen by some images, judged by others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .evaluate import Row
from .front import best_within, fastest_with

RESAMPLES = 300
INTERVAL = (2.5, 97.5)  # percentiles
Score = Callable[[Sequence[tuple]], dict[str, float]]


@dataclass(frozen=True)
class Choice:
    """A setting that was chosen to beat a preset, by the images searched on alone.

    Args:
        name: Of the file that it is written to.
        why: What it was chosen for.
        row: The setting.
        rival: The preset.
        holds: Whether it beats the preset on the held-out images too.
        interval: Of the difference in quality on the held-out images, in percentage points: within
            it are 95 % of the differences over images drawn anew from them.
    """

    name: str
    why: str
    row: Row
    rival: Row
    holds: bool
    interval: tuple[float, float]

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than what drawing the images again would change."""
        return self.interval[0] > 0 or self.interval[1] < 0


@dataclass(frozen=True)
class Answer:
    """The answer to a question, with what it rests on.

    Args:
        question: Such as "Better than hq in hq's time?".
        rival: The preset.
        choices: What was chosen; empty if nothing on the images searched on could be.
        others: Further points of the front that beat the preset on the held-out images.
        presets: Other presets that beat it on the held-out images.
    """

    question: str
    rival: Row
    choices: Sequence[Choice]
    others: Sequence[Row]
    presets: Sequence[Row]

    @property
    def is_yes(self) -> bool:
        """Whether one of the choices beats the preset on the held-out images."""
        return any(choice.holds for choice in self.choices)


def answer(rows: Sequence[Row], score: Score) -> list[Answer]:
    """Answer both questions.

    Args:
        rows: With the presets ``hq`` and ``fast`` among them.
        score: Computes metrics over images from their results.
    """
    by_name = {row.name: row for row in rows}
    found = [row for row in rows if not row.is_preset]
    hq, fast = by_name['hq'], by_name['fast']

    def beats_hq(row: Row) -> bool:
        return row.time <= hq.time and row.held_out_quality > hq.held_out_quality

    def beats_fast(row: Row) -> bool:
        return row.time < fast.time and row.held_out_quality >= fast.held_out_quality

    below = [row for row in found if row.time < fast.time]
    return [
        _answer(
            "Better than hq, in hq's time or less?",
            hq,
            [('best_at_hq_time', "the best in hq's time or less", best_within(found, hq.time))],
            [row for row in rows if beats_hq(row)],
            beats_hq,
            score,
        ),
        _answer(
            "Faster than fast, at fast's quality or better?",
            fast,
            [
                (
                    'best_below_fast_time',
                    'the best of those faster than fast',
                    best_within(below, fast.time),
                ),
                (
                    'fastest_at_fast_quality',
                    "the fastest of fast's quality or better",
                    fastest_with(below, fast.quality),
                ),
            ],
            [row for row in rows if beats_fast(row)],
            beats_fast,
            score,
        ),
    ]


def _answer(
    question: str,
    rival: Row,
    chosen: Sequence[tuple[str, str, Row | None]],
    beating: Sequence[Row],
    beats: Callable[[Row], bool],
    score: Score,
) -> Answer:
    choices = [
        Choice(name, why, row, rival, beats(row), interval(row, rival, score))
        for name, why, row in chosen
        if row is not None
    ]
    names = {choice.row.name for choice in choices}
    others = [row for row in beating if row.name not in names and not row.is_preset]
    return Answer(question, rival, choices, others, [row for row in beating if row.is_preset])


def interval(row: Row, rival: Row, score: Score) -> tuple[float, float]:
    """How the difference of two on the held-out images varies, were these images drawn again.

    The same images are drawn for both (a paired bootstrap).
    """
    generator = np.random.default_rng(0)
    differences = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, len(row.results), len(row.results))
        ours, theirs = (score([r.results[i] for i in drawn])[row.objective] for r in (row, rival))
        differences.append(ours - theirs)
    low, high = np.nanpercentile(differences, INTERVAL)
    return float(low), float(high)
