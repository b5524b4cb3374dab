"""How far a difference between two settings would vary, were other images drawn."""

from collections.abc import Callable, Sequence

import numpy as np

RESAMPLES = 300
INTERVAL = (2.5, 97.5)  # percentiles
Score = Callable[[Sequence[tuple]], dict[str, float]]


def paired_bootstrap(
    results: Sequence[tuple],
    baseline: Sequence[tuple],
    metric: str,
    score: Score,
    block: int = 1,
) -> tuple[float, float]:
    """The interval of the difference in a metric.

    The same images are drawn for both.

    Args:
        results: What the metrics need of each image, of the setting.
        baseline: The same of what it is compared with.
        metric: Which one.
        score: Computes metrics over images from their results.
        block: How many images that follow each other are drawn together, since frames of a video
            resemble each other.

    Returns:
        Its ends in percentage points; 95 % of the differences over images drawn anew are within.
    """
    generator = np.random.default_rng(0)
    blocks = np.array_split(np.arange(len(results)), max(1, len(results) // block))
    differences = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([blocks[i] for i in generator.integers(0, len(blocks), len(blocks))])
        ours, theirs = (score([each[i] for i in drawn])[metric] for each in (results, baseline))
        differences.append(ours - theirs)
    low, high = np.nanpercentile(differences, INTERVAL)
    return float(low), float(high)
