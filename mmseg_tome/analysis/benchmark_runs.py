"""Benchmarks of whole models over many workloads: kept, gone on with, and limited in time."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mmengine.config import Config

from . import benchmark
from .fingerprint import CODE, Fingerprint, Kind, fingerprint
from .implementations import Implementation
from .provenance import provenance
from .results import Result, from_json, to_json, write_csv
from .store import Store
from .timing import TimeLimitExceeded, time_limit
from .variants import variant_config
from .workload import Workload

KIND = Kind('benchmark', ('mmseg_tome.analysis.benchmark',))
CSV = 'benchmark.csv'
# What has to be the same for workloads to stand in one report.
_SAME = ('device', 'threads', 'versions', CODE)


@dataclass(frozen=True)
class BenchmarkRuns:
    """What is measured on every workload, and the folder where results are kept.

    Args:
        folder: Holds ``results/``, with a folder per workload, and ``benchmark.csv`` with the rows
            of all of them.
        implementations: What is compared.
        repeats: Timed passes of each.
        say: Called with a line on what is kept or computed again.
        command: What the user typed, for the rows.
    """

    folder: Path
    implementations: Sequence[Implementation]
    repeats: int
    say: Callable[[str], None] = lambda line: None
    command: str = ''

    def key(self, workload: Workload) -> Fingerprint:
        """All that the results of a workload depend on; not which models are compared."""
        model = variant_config(workload.variant).model
        return fingerprint(
            KIND,
            cfg=Config(dict(model=model, default_scope='mmseg')),
            settings={'workload': asdict(workload), 'repeats': self.repeats},
            device=workload.device,
        )

    def kept(self, workload: Workload) -> list[Result] | None:
        """The rows of a workload, if they were measured before for all of the models."""
        result = self._entry(workload).stored()
        return from_json(result['rows']) if result and not self._missing(result) else None

    def measure(
        self, workload: Workload, on_step: Callable[[str], None], seconds: float | None = None
    ) -> tuple[list[Result], bool]:
        """Measure a workload, and keep what comes out, failures too.

        Args:
            workload: What to measure on.
            on_step: See :func:`benchmark.measure`.
            seconds: After so many it is given up; None for no limit.

        Returns:
            The rows, and whether this process can go on: an error of a GPU ends with the process.

        Raises:
            InUseError: If another process measures the same.
        """
        intact = True

        def compute(lock: int) -> dict:
            nonlocal intact
            try:
                with time_limit(seconds):
                    rows = benchmark.measure(workload, self.implementations, self.repeats, on_step)
            except (TimeLimitExceeded, RuntimeError) as error:
                intact = isinstance(error, TimeLimitExceeded)
                note = f'{type(error).__name__}: {error}'.splitlines()[0]
                rows = benchmark.failed(workload, self.implementations, note)
            where, key = provenance(workload.device), entry.fingerprint.key
            rows = [row.at(where, key, self.command) for row in rows]
            return {'rows': to_json(rows) + [row for row in before if _model(row) not in measured]}

        entry, measured = self._entry(workload), {str(one) for one in self.implementations}
        before = (entry.stored() or {'rows': []})['rows']
        result = entry.reuse_or_compute(compute, self._missing)
        write_csv(self.all_rows(), self.folder / CSV)
        return from_json(result['rows']), intact

    def all_rows(self) -> list[Result]:
        """The rows of everything that is kept in the folder."""
        return [row for _, rows in self._finished() for row in rows]

    def comparable_rows(self, workload: Workload) -> list[Result]:
        """The rows of the workloads measured with the device, versions and code of this one."""
        here = self.key(workload).parts
        return [
            row
            for parts, rows in self._finished()
            if all(parts.get(name) == here.get(name) for name in _SAME)
            for row in rows
        ]

    def _finished(self) -> Iterator[tuple[Mapping, list[Result]]]:
        for parts, result in self._store.finished():
            yield parts, from_json(result['rows'])

    @property
    def _store(self) -> Store:
        return Store(self.folder / 'results', self.say)

    def _entry(self, workload: Workload):
        w = workload
        name = f'{w.variant}-{w.width}x{w.height}-{w.dtype}-batch-{w.batch}-{w.mode}-{w.scope}'
        return self._store.entry(f'{name}-{w.device.replace(":", "")}', self.key(workload))

    def _missing(self, result: Mapping) -> str:
        measured = {_model(row) for row in result['rows']}
        return ', '.join(str(one) for one in self.implementations if str(one) not in measured)


def _model(row: Mapping) -> str:
    return f'{row["implementation"]} {row["strategy"]}'


class Deadline:
    """How long to go on starting something new.

    Args:
        minutes: From now; None for no limit.
    """

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60 * minutes

    @property
    def has_passed(self) -> bool:
        """Whether nothing new is to be started."""
        return self._end is not None and time.monotonic() >= self._end
