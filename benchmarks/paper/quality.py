"""What tests report: of every strategy, in every run."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mmseg_tome.analysis.provenance import caption
from mmseg_tome.analysis.results import Result

from .context import ORIGIN, join_origins
from .summary import NONE, changes, is_per_class, means, quality_columns, select_metrics


@dataclass
class Quality:
    """Metrics of a table, collected run by run.

    Args:
        metrics: The table's metrics, and what each is multiplied by.
        samples: Number of samples by split.
    """

    metrics: Mapping[str, float]
    samples: Mapping[str, int]
    _rows: list[dict] = field(default_factory=list)
    _origins: list[tuple[Mapping[str, Any], ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, strategy: str, run: str | int, tested: Mapping, *others: Mapping) -> None:
        """Take a result.

        Args:
            strategy: Its name.
            run: The seed, or the checkpoint.
            tested: What :meth:`Runs.test` returns.
            others: What else it depends on, such as what :meth:`Runs.train` returns.
        """
        metrics = select_metrics(tested['metrics'], self.metrics)
        self._rows.append({'strategy': strategy, 'run': run, **metrics})
        self._origins.append(tuple(one[ORIGIN] for one in (*others, tested)))

    @property
    def frame(self) -> pd.DataFrame:
        """A row per result: ``strategy``, ``run`` and the metrics."""
        return pd.DataFrame(self._rows)

    @property
    def runs(self) -> list:
        """The runs, each once."""
        return list(dict.fromkeys(row['run'] for row in self._rows))

    def table(self) -> pd.DataFrame:
        """A row per strategy, as text."""
        return quality_columns(self.frame)

    def means(self) -> dict[str, dict[str, float]]:
        """By strategy, the mean of every metric over the runs."""
        return means(self.frame)

    def changes(self) -> dict[str, list[float]]:
        """By strategy, how the first metric changes against no merging, run by run."""
        return changes(self.frame, next(iter(self.metrics)))

    def caption(self) -> str:
        """Where it was measured, and on how many samples."""
        return 'Quality: ' + caption([one for some in self._origins for one in some], self.samples)

    def results(self, **columns: Any) -> Iterator[Result]:
        """Means over the runs, and of the changes against no merging.

        ``low`` and ``high`` are a standard deviation off, where there are several runs.

        Args:
            columns: Of all rows.
        """
        frame = self.frame
        for strategy, rows in frame.groupby('strategy', sort=False):
            origin = join_origins(one for index in rows.index for one in self._origins[index])
            about = {**columns, 'implementation': 'ours', 'strategy': strategy, **origin}
            for metric in frame.columns.drop(['strategy', 'run']):
                yield Result(metric=metric, unit='%', **_spread(rows[metric]), **about)
                if strategy != NONE and not is_per_class(metric):
                    changed = _spread(changes(frame, metric)[strategy])
                    yield Result(metric=f'{metric} change', unit='points', **changed, **about)


def _spread(values: Sequence[float]) -> dict[str, float]:
    values = [value for value in values if not math.isnan(value)]  # as of a class that is absent
    mean = statistics.fmean(values) if values else math.nan
    if len(values) < 2:
        return {'value': mean, 'samples': len(values)}
    deviation = statistics.stdev(values)
    ends = {'low': mean - deviation, 'high': mean + deviation}
    return {'value': mean, **ends, 'samples': len(values)}
