"""One row per measurement, for all benchmarks, tables and figures of this project.

>>> result = Result('benchmark', 'seconds_per_image', 0.12, unit='s', model='b0', samples=5)
>>> write_csv([result.at(provenance('cpu'), key='0123', command='python tools/…')], path)
>>> read_csv(path).query('metric == "seconds_per_image"')
"""

import csv
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SOURCES = ('measured', 'transcribed', 'paper')


@dataclass(frozen=True)
class Result:
    """One measurement. The fields are the columns of every CSV, in this order.

    Args:
        experiment: What it belongs to: ``'benchmark'``, ``'kernels'``, ``'table2'``, …
        metric: What was measured: ``'seconds_per_image'``, ``'saved_bytes'``, ``'peak_bytes'``,
            ``'relative_difference'``, ``'mIoU'``, …
        value: In ``unit``; NaN where it could not be measured, and ``note`` says why.
        low: Lower quartile, or lower end of an interval; NaN without one.
        high: Upper quartile, or upper end of the interval.
        unit: Of the value: ``'s'``, ``'bytes'``, ``'%'``, …; empty for ratios and counts.
        samples: Number of measurements or images behind the value; 0 if unknown.
        model: Variant or config.
        height: Of the images in pixels.
        width: Of the images in pixels.
        batch: Images at once, or ``'auto'``.
        dtype: ``'fp32'``, ``'tf32'``, ``'fp16'`` or ``'bf16'``.
        mode: ``'inference'`` or ``'training'``.
        scope: ``'model'``, ``'backbone'``, ``'layer'`` or ``'kernel'``; ``'whole'`` or ``'slide'``
            from an image to the class of every pixel.
        dataset: What it was measured on, where that is not random images.
        implementation: See :mod:`mmseg_tome.analysis.implementations`.
        strategy: Name of a preset, or of a file with custom rates.
        note: What to know, such as the shape of a layer, a seed, or why there is no value.
        source: One of :data:`SOURCES`.
        device: Name of the processor or GPU.
        threads: Number of CPU threads; 0 on a GPU.
        versions: Such as ``'torch 2.13.0+cpu, mmengine 0.10.7'``.
        commit: Of this project.
        date: Such as ``'2026-11-27'``.
        key: Fingerprint of all that the value depends on, see
            :mod:`mmseg_tome.analysis.fingerprint`.
        command: What was run.

    Raises:
        ValueError: If ``source`` is not one of those allowed.
    """

    experiment: str
    metric: str
    value: float
    low: float = math.nan
    high: float = math.nan
    unit: str = ''
    samples: int = 0
    model: str = ''
    height: int | None = None
    width: int | None = None
    batch: str = ''
    dtype: str = ''
    mode: str = ''
    scope: str = ''
    dataset: str = ''
    implementation: str = ''
    strategy: str = ''
    note: str = ''
    source: str = 'measured'
    device: str = ''
    threads: int = 0
    versions: str = ''
    commit: str = ''
    date: str = ''
    key: str = ''
    command: str = ''

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ValueError(f'source is {self.source!r}; allowed: {", ".join(SOURCES)}')

    def at(self, provenance: Mapping[str, Any], key: str = '', command: str = '') -> 'Result':
        """The same with where it comes from.

        Args:
            provenance: As :func:`mmseg_tome.analysis.provenance.provenance` returns it.
            key: See above.
            command: See above.
        """
        return replace(self, **provenance, key=key, command=command)


# The columns of a CSV; what is measured comes before what it was measured with.
HEADER = (
    *('experiment', 'model', 'height', 'width', 'batch', 'dtype', 'mode', 'scope', 'dataset'),
    *('implementation', 'strategy', 'metric', 'value', 'low', 'high', 'unit', 'samples', 'note'),
    *('source', 'device', 'threads', 'versions', 'commit', 'date', 'key', 'command'),
)
assert sorted(HEADER) == sorted(field.name for field in fields(Result))
_NUMBERS = ('height', 'width', 'value', 'low', 'high', 'samples', 'threads')


def quartiles(values: Sequence[float]) -> dict[str, Any]:
    """Median and quartiles of measurements, as the fields ``value``, ``low`` and ``high``."""
    if len(values) < 2:
        return dict.fromkeys(('low', 'value', 'high'), values[0])
    low, middle, high = statistics.quantiles(values, n=4, method='inclusive')
    return {'low': low, 'value': middle, 'high': high}


def to_json(results: Iterable[Result]) -> list[dict]:
    """Rows that JSON can hold; NaN is written as null."""
    return [
        {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(row).items()}
        for row in results
    ]


def from_json(rows: Iterable[Mapping[str, Any]]) -> list[Result]:
    """What :func:`to_json` wrote."""
    numbers = ('value', 'low', 'high')
    results = []
    for row in rows:
        absent = {k: math.nan for k in numbers if row.get(k, 0) is None}
        results.append(Result(**{**row, **absent}))
    return results


def write_csv(results: Iterable[Result], path: Path) -> None:
    """Write rows in place of what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, HEADER, lineterminator='\n')
        writer.writeheader()
        for row in to_json(results):
            writer.writerow({k: '' if v is None else v for k, v in row.items()})


def read_csv(path: Path) -> 'pd.DataFrame':
    """Read rows; texts stay texts, numbers that are absent are NaN.

    Raises:
        ValueError: If the file has other columns.
    """
    import pandas as pd

    frame = pd.read_csv(path, keep_default_na=False, dtype=str)
    return _typed(frame, path)


def to_frame(results: Iterable[Result]) -> 'pd.DataFrame':
    """Rows as a table with the columns of a CSV."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in results], columns=list(HEADER))


def _typed(frame: 'pd.DataFrame', path: Path) -> 'pd.DataFrame':
    import pandas as pd

    if tuple(frame.columns) != HEADER:
        odd = sorted(set(frame.columns) ^ set(HEADER)) or ['their order']
        raise ValueError(
            f'{path} is not a table of results of this version; what differs in its columns: '
            f'{", ".join(odd)}'
        )
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in _NUMBERS})
