"""A profile as tables to read: its steps, and the paper's formulas beside what is counted."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .layer_profile import total
from .provenance import caption


def parts(
    title: str, frame: pd.DataFrame, formulas: pd.DataFrame, where: Mapping[str, Any]
) -> list[str | pd.DataFrame]:
    """Texts and tables of a report, as :mod:`mmseg_tome.analysis.report` takes them.

    Args:
        title: What was profiled.
        frame: As :func:`mmseg_tome.analysis.layer_profile.profile` returns it, of one strategy.
        formulas: As :func:`mmseg_tome.analysis.complexity.paper_formulas` returns it.
        where: As :func:`mmseg_tome.analysis.provenance.provenance` returns it.
    """
    heading = "The paper's formulas: 1e9 multiplications of one block"
    return [f'# Profile: {title}', caption([where]), table(frame), heading, formulas.round(3)]


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per step, and one for all of them; rates only of what has counted operations."""
    return pd.DataFrame(_row(step) for step in [*frame.to_dict('records'), total(frame)])


def _row(step: Mapping[str, Any]) -> dict[str, str]:
    counted = step['gflop'] > 0
    return {
        'stage': str(step['stage'] or ''),
        'step': step['step'],
        'ms': f'{step["ms"]:.1f}',
        '%': f'{step["share"]:.1f}',
        'GFLOP': f'{step["gflop"]:.2f}' if counted else '',
        'GFLOP/s': f'{step["gflop_per_s"]:.0f}' if counted else '',
        '% of limit': f'{step["of_limit"]:.0f}' if counted else '',
    }
