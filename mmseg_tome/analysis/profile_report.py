"""A profile as tables to read: its steps, and the paper's formulas beside what is counted."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from .provenance import caption


def parts(
    title: str, frame: pd.DataFrame, formulas: pd.DataFrame, where: Mapping[str, Any]
) -> list[str | pd.DataFrame]:
    """Texts and tables of a report, as :mod:`mmseg_tome.analysis.report` takes them.

    Args:
        title: What was profiled.
        frame: As :func:`mmseg_tome.analysis.layer_profile.profile` returns it.
        formulas: As :func:`mmseg_tome.analysis.complexity.paper_formulas` returns it.
        where: As :func:`mmseg_tome.analysis.provenance.provenance` returns it.
    """
    heading = "The paper's formulas: 1e9 multiplications of one block"
    return [f'# Profile: {title}', caption([where]), table(frame), heading, formulas.round(3)]


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per step, and one for all of them; rates only of what has counted operations."""
    return pd.DataFrame(_rows(frame))


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, str]]:
    for row in frame.itertuples():
        stage = str(row.stage or '')
        yield _row(stage, row.step, row.ms, row.share, row.gflop, row.of_limit)
    ms, gflop = frame['ms'].sum(), frame['gflop'].sum()
    yield _row('', 'all', ms, 100.0, gflop, 100 * 1000 * gflop / ms / frame.attrs['limit'])


def _row(
    stage: str, step: str, ms: float, share: float, gflop: float, of_limit: float
) -> dict[str, str]:
    counted = gflop > 0
    return {
        'stage': stage,
        'step': step,
        'ms': f'{ms:.1f}',
        '%': f'{share:.1f}',
        'GFLOP': f'{gflop:.2f}' if counted else '',
        'GFLOP/s': f'{1000 * gflop / ms:.0f}' if counted else '',
        '% of limit': f'{of_limit:.0f}' if counted else '',
    }
