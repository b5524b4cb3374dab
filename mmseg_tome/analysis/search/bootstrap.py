"""How far a difference between two settings would vary, were other images drawn."""

from collections.abc import Callable, Sequence

import numpy as np

from .held_out import Setting

RESAMPLES = 300
INTERVAL = (2.5, 97.5)  # percentiles
Score = Callable[[Sequence[tuple]], dict[str, float]]


def paired_bootstrap(setting: Setting, baseline: Setting, score: Score) -> tuple[float, float]:
    """The interval of the difference in quality on the held-out images.

    The same images are drawn for both.

    Args:
        setting: What is compared.
        baseline: With what.
        score: Computes metrics over images from their results.

    Returns:
        Its ends in percentage points; 95 % of the differences over images drawn anew are within.
    """
    generator = np.random.default_rng(0)
    differences = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, len(setting.results), len(setting.results))
        ours, theirs = (
            score([one.results[i] for i in drawn])[one.objective] for one in (setting, baseline)
        )
        differences.append(ours - theirs)
    low, high = np.nanpercentile(differences, INTERVAL)
    return float(low), float(high)
