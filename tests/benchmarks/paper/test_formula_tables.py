"""Table V, and formulas beside counts and times."""

import math

import pandas as pd
import pytest

pytest.importorskip('mmseg')
from benchmarks.paper.complexity_table import make_complexity_table
from benchmarks.paper.resolution_table import make_resolution_table, speed_ups
from mmseg_tome.analysis import benchmark
from mmseg_tome.analysis.benchmark import SECONDS
from mmseg_tome.analysis.implementations import Ours, Stock
from mmseg_tome.analysis.results import Result, read_csv, to_json
from mmseg_tome.analysis.workload import Workload
from tests.benchmarks.paper.tiny_runs import make_context

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own


@pytest.fixture
def context(tmp_path):
    return make_context(tmp_path, repeats=2)[0]


def rows_of(workload, implementations, *_):
    """Times as if ours were three times as fast as stock, and HQ half again as fast."""
    times = {'stock none': 6.0, 'published hq': 4.0, 'ours none': 2.0}
    pixels = workload.width * workload.height
    return [
        row
        for one in implementations
        for row in (
            Result('benchmark', SECONDS, times.get(str(one), 1.0) * pixels, **one.columns()),
            Result('benchmark', 'batch', 4, **one.columns()),
        )
    ]


def test_resolutions(context, monkeypatch):
    measured = []

    def measure(workload, implementations, repeats, on_step):
        measured.append(workload)
        return rows_of(workload, implementations)

    monkeypatch.setattr(benchmark, 'measure', measure)
    reports = []

    def make(sizes):
        workloads = [Workload('b0', height, width, 'auto') for width, height in sizes]
        make_resolution_table(context, workloads, ['none', 'hq'], reports.append)

    make([(512, 512), (160, 128)])
    sizes = [(w.width, w.height, w.batch) for w in measured]
    assert sizes == [(512, 512, 'auto'), (160, 128, 'auto')]
    assert [r.missing for r in reports] == [['160x128'], []]
    beside = reports[-1].beside[0].set_index(['size', 'strategy'])
    row = beside.loc['512x512', 'hq']
    assert row['ours over stock'] == '6.00' and row['ours over our none'] == '2.00'
    assert row['published method over stock'] == '1.50'
    assert set(reports[-1].tables[0][1]['batch']) == {'4'}
    assert row['paper B5, over its none'] == '1.18'
    assert beside.loc[('160x128', 'hq'), 'paper B5, over its none'] == '–'
    assert "paper's Table V" in reports[-1].markdown
    assert len(reports[-1].write(context.out)) == 4
    rows = read_csv(reports[-1].write(context.out)[-1])
    assert set(rows['experiment']) == {'table5'} and len(rows) == 2 * 2 * 5
    assert rows['key'].nunique() == 2 and rows['device'].all()
    make([(512, 512)])
    assert len(measured) == 2  # kept


def test_a_model_that_failed_has_no_ratio():
    rows = [
        Result('benchmark', SECONDS, seconds, batch='2', **one.columns())
        for one, seconds in ((Stock(), 2.0), (Ours(), 1.0), (Ours('hq'), math.nan))
    ]
    table = speed_ups({'512x512': {'rows': to_json(rows)}}).set_index('strategy')
    assert table.loc['none', 'ours over stock'] == 2
    assert pd.isna(table.loc['hq', 'ours over stock'])
    assert table.loc['hq', 'batch'] == '2'


def test_formulas_beside_counts_and_times(tmp_path):
    """Really measured, on a small image."""
    context, said = make_context(tmp_path, repeats=1)

    def make():
        return make_complexity_table(context, 'b0', (160, 128), ['none', 'hq'])

    report = make()
    (whole, none, hq) = (table for _, table in report.tables)
    assert whole['strategy'].tolist() == ['none', 'hq'] and len(hq) == 4
    assert whole.loc[0, 'speed-up over none'] == '1.00' and float(whole.loc[1, 'ms']) > 0
    for column in ('λ_q', 'λ_kv', 'Eq. 3', 'Eq. 4', 'Eq. 6', 'Eq. 7', 'counted', 'attention ms'):
        assert any(column in name for name in hq), column
    # Unmerged, Eq. 7 is Eq. 4, and Eq. 6 is Eq. 3.
    for merged, plain in (('Eq. 7', 'Eq. 4'), ('Eq. 6', 'Eq. 3')):
        (a,), (b,) = ([c for c in none if part in c] for part in (merged, plain))
        assert none[a].tolist() == none[b].tolist()
    # Stage 3 of HQ: 8x10 tokens, of which 64 are merged away (r = 0.8, of 76 sources).
    assert hq.loc[2, 'λ_q'] == '5' and hq.loc[2, 'λ_kv'] == '1'
    paths = report.write(context.out)
    assert len(paths) == 4
    rows = read_csv(paths[-1])
    assert set(rows['experiment']) == {'complexity'} and set(rows['model']) == {'b0', ''}
    whole_ms = rows.query('note == "all" and metric == "seconds_per_image"')['value'] * 1000
    assert [f'{ms:.1f}' for ms in whole_ms] == whole['ms'].tolist()
    make()
    assert 'kept' in said[-1]
