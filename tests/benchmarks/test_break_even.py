import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip('mmseg')
from benchmarks.break_even import best_threshold, measure_layers, measure_models, results
from benchmarks.docs.results import read
from benchmarks.docs.tables import TABLES
from mmseg_tome.analysis.results import write_csv
from mmseg_tome.models import MixVisionTransformer

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'break_even.py'


def test_best_threshold_by_hand():
    layers = pd.DataFrame(
        {
            'saved': [1e6, 4e6, 16e6, 64e6],
            'none_ms': [1.0, 1.0, 2.0, 4.0],
            'hq_ms': [2.0, 1.1, 1.0, 1.0],
        }
    )
    threshold, lost = best_threshold(layers)
    assert threshold == pytest.approx(8e6)  # between the second and the third
    assert lost == 1.0


def test_best_threshold_reports_what_it_loses():
    layers = pd.DataFrame(
        {'saved': [1e6, 2e6, 4e6], 'none_ms': [1.0, 2.0, 1.0], 'hq_ms': [2.0, 1.0, 1.5]}
    )
    _, lost = best_threshold(layers)
    assert lost == pytest.approx((1 + 1 + 1.5) / 3)


def test_layers_are_those_of_the_backbone():
    frame = measure_layers(['b0'], [128], repeats=1)
    assert list(frame['stage']) == [1, 2, 3, 4]
    assert (frame[['none_ms', 'hq_ms']] > 0).all(axis=None)
    backbone = MixVisionTransformer(
        embed_dims=32, num_heads=(1, 2, 5, 8), num_layers=[1] * 4, tome_cfg='hq'
    )
    for row, layer in zip(frame.itertuples(), backbone.layers, strict=True):
        attn, n = layer[1][0].attn, 128 // (4 << (row.stage - 1))
        counts = backbone.token_counts((128, 128))[row.stage - 1]
        assert (counts.q, attn.embed_dims) == (n * n, 32 * attn.num_heads)
        full = counts.q * counts.kv + (counts.q + counts.kv) * attn.embed_dims
        left = counts.q_merged * counts.kv_merged + (
            (counts.q_merged + counts.kv_merged) * attn.embed_dims
        )
        merging = attn.q_merging or attn.kv_merging
        pairs = merging.num_pairs((n, n) if attn.q_merging else (n // attn.sr_ratio,) * 2)
        assert row.saved == 4 * attn.embed_dims * (full - left) - 2 * pairs * attn.embed_dims


@pytest.mark.parametrize('train', [False, True])
def test_models_are_compared_with_the_unmerged_one(train):
    frame = measure_models(['b0'], [128], repeats=1, train=train)
    (row,) = frame.to_dict('records')
    assert list(row) == ['variant', 'side', 'none_ms', 'hq', 'fast', 'n2d_2x2', 'auto']
    assert all(value > 0 for name, value in row.items() if name != 'variant')


def test_rows_of_results_make_the_tables_of_the_docs(tmp_path):
    layers = pd.DataFrame(
        [dict(variant='b0', stage=2, side=256, saved=2e6, none_ms=2.0, hq_ms=4.0)]
    )
    models = pd.DataFrame(
        [dict(variant='b0', side=256, none_ms=8.0, hq=0.5, fast=0.75, n2d_2x2=1.25, auto=1.0)]
    )
    rows = results(layers, models, 'fp32', train=False)
    write_csv([row.at({'device': 'CPU'}) for row in rows], tmp_path / 'break-even.csv')
    rows = read(tmp_path / 'break-even.csv')
    lines = TABLES['break-even-layers'].render(rows).splitlines()
    assert lines[2] == '| b0 | stage 2 | 256 | 2.0 | 2.00 | 4.00 | 0.50 |'
    lines = TABLES['break-even-models'].render(rows).splitlines()
    assert lines[2] == '| b0 | 256 | 8.00 | 0.50 | 0.75 | 1.25 | 1.00 |'


@pytest.mark.parametrize(
    'arguments, said',
    [
        (['--sizes', '64'], '--sizes 64: give 128 pixels or more'),
        (['--repeats', '0'], '--repeats 0: give 1 or more'),
        (['--out', '.'], '--out . is there already: name a new folder'),
    ],
)
def test_bad_arguments_are_refused(arguments, said):
    done = subprocess.run([sys.executable, TOOL, *arguments], capture_output=True, text=True)
    assert done.returncode == 2 and said in done.stderr
