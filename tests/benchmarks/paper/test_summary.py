import math

import pandas as pd
import pytest

from benchmarks.paper import paper
from benchmarks.paper.summary import (
    beside_the_paper,
    changes,
    mean_and_spread,
    means,
    quality_columns,
    select_metrics,
    signed,
)


@pytest.fixture
def results():
    """Three seeds whose level differs more than the strategies do."""
    return pd.DataFrame(
        {'strategy': strategy, 'run': seed, 'mIoU': level + change, 'IoU/pole': 10.0 * seed}
        for seed, level in enumerate((50.0, 60.0, 55.0))
        for strategy, change in (('none', 0.0), ('hq', -0.1 * (seed + 1)))
    )


def test_mean_and_spread():
    assert mean_and_spread([61.204]) == '61.20'
    assert mean_and_spread([1.0, 2.0, 3.0]) == '2.00 ± 1.00'
    assert mean_and_spread([]) == mean_and_spread([1.0, math.nan]) == '–'
    assert [signed([0.5]), signed([-0.5]), signed([-1.0, -3.0])] == [
        '+0.50',
        '−0.50',
        '−2.00 ± 1.41',
    ]


def test_changes_are_taken_run_by_run(results):
    assert changes(results, 'mIoU')['hq'] == pytest.approx([-0.1, -0.2, -0.3])
    assert changes(results, 'mIoU')['none'] == [0, 0, 0]


def test_table(results):
    table = quality_columns(results).set_index('strategy')
    assert list(table) == ['mIoU', 'Δ mIoU', 'IoU/pole']
    assert table.loc['hq', 'mIoU'] == '54.80 ± 4.95'
    assert table.loc['hq', 'Δ mIoU'] == '−0.20 ± 0.10'
    assert table.loc['none', 'Δ mIoU'] == ''
    assert table.loc['hq', 'IoU/pole'] == '10.00 ± 10.00'
    assert means(results)['hq']['mIoU'] == pytest.approx(54.8)


def test_metrics_of_a_table():
    metrics = {'aAcc': 90.0, 'mIoU': 60.0, 'IoU/pole': 20.0, 'PCK@0.1': 0.5}
    assert select_metrics(metrics, {'mIoU': 1, 'mIoU_small': 1}) == {'mIoU': 60, 'IoU/pole': 20}
    assert select_metrics(metrics, {'PCK@0.1': 100})['PCK@0.1'] == 50


def test_the_papers_numbers_stand_beside_ours_and_are_labeled(results):
    table = beside_the_paper(means(results), paper.TABLE_2, ['mIoU', 'FPS']).set_index('strategy')
    assert table.loc['hq', 'mIoU, ours'] == '54.80 (−0.20)'
    assert table.loc['hq', 'mIoU, paper B5, Cityscapes'] == '82.31 (−0.08)'
    assert table.loc[paper.PRUNING, 'mIoU, ours'] == '–'
    assert table.loc[paper.PRUNING, 'mIoU, paper B2, Cityscapes'] == '80.03 (−1.05)'
    assert 'FPS, ours' not in table  # not measured
    assert all('paper' in column or column == 'mIoU, ours' for column in table)
