"""Counts from shapes, against PyTorch's counter on stock modules, and against numbers by hand."""

from contextlib import nullcontext

import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

pytest.importorskip('mmseg')
from mmseg_tome import PRESETS
from mmseg_tome.analysis import complexity, profile_report
from mmseg_tome.analysis.implementations import Ours, Plain, Published
from mmseg_tome.analysis.layer_profile import matrix_rate, profile, results
from mmseg_tome.analysis.workload import Workload
from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.models.token_counts import stage_sizes

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own


class Unhooked(nullcontext):
    """The counter names modules by hooks, and layers with hooks are called as stock calls them."""

    parents = frozenset({'Global'})


@pytest.mark.parametrize('hw', [(160, 192), (131, 257)])
@pytest.mark.parametrize('strategy', PRESETS)
def test_backbone_counts_what_pytorch_counts_of_stock_and_tomesd(strategy, hw):
    if strategy == 'balanced':  # was not published
        stock = Plain(strategy).build('b0', 'backbone')
    else:  # weights are additions, which neither counts
        stock = Published(strategy.removesuffix('_weighted')).build('b0', 'backbone')
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        stock(torch.randn(1, 3, *hw))
    ours = Ours(strategy).build('b0', 'backbone')
    counted = complexity.count_gflop(ours, hw)
    matched = counted.loc[counted['step'] == complexity.MATCHING, 'gflop'].sum()
    total = counted['gflop'].sum()
    if strategy == 'balanced':  # by its definition, all tokens are compared with all destinations
        total += _all_pairs(ours, hw) - matched
    assert total == pytest.approx(counter.get_total_flops() / 1e9, rel=1e-9)


def _all_pairs(backbone, hw):
    gflop = 0
    for i, (h, w) in enumerate(stage_sizes(backbone, hw)):
        stage, ratio = backbone.strategy.stages[i], backbone.sr_ratios[i]
        for side, (y, x) in ((stage.q, (h, w)), (stage.kv, (h // ratio, w // ratio))):
            if isinstance(side, BipartiteSoftMatching):
                products = y * x * (y // side.sy) * (x // side.sx)
                channels = backbone.embed_dims * backbone.num_heads[i]
                gflop += 2e-9 * backbone.num_layers[i] * products * channels
    return gflop


def test_head_counts_what_pytorch_counts():
    model = Ours().build('b0')
    maps = model.backbone(torch.randn(1, 3, 128, 160))
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = Unhooked()
    with counter:  # with gradients: not in row tiles
        model.head(maps)
    counted = complexity.count_head_gflop(model.backbone, (128, 160), 256, 19)
    assert counted == pytest.approx(counter.get_total_flops() / 1e9, rel=1e-9)


def test_the_papers_formulas():
    """Stage 1 of B0 at 1024x1024 with HQ: N = 65536, D = 32, R = 8, 410 of 1024 keys left."""
    backbone = Ours('hq').build('b0', 'backbone')
    first = complexity.paper_formulas(backbone, (1024, 1024)).iloc[0]
    plain = 65536**2 * 32 / 1e9
    assert first['plain attention (Eq. 3)'] == pytest.approx(plain)
    assert first['spatial reduction (Eq. 4)'] == pytest.approx(plain / 64)
    assert first['merging (Eq. 7)'] == pytest.approx(plain * (410 / 1024 / 64 + 0.25 / 8**4))
    # 32x32 keys: 256 destinations, 768 sources
    assert first['counted'] == pytest.approx((65536 * 410 * 32 + 768 * 256 * 32) / 1e9)


@pytest.mark.parametrize('strategy', ['hq', 'n2d_2x2'])
def test_profile_times_every_step_and_changes_nothing(strategy):
    model = Ours(strategy).build('b0')
    image = torch.randn(1, 3, 128, 160)
    with torch.inference_mode():
        expected = model(image)
    frame = profile(Workload('b0', *image.shape[2:]), [strategy], repeats=2)
    with torch.inference_mode():
        assert torch.equal(model(image), expected)
    steps = set(zip(frame['stage'], frame['step'], strict=True))
    assert {(0, 'head'), (1, 'attention'), (4, 'FFN and its norm'), (2, 'merging')} <= steps
    assert ((3, 'matching') in steps) == (strategy == 'hq')
    assert (frame['ms'] > 0).all() and frame['share'].sum() == pytest.approx(100)
    counted = complexity.count_gflop(model.backbone, (128, 160))
    assert set(zip(counted['stage'], counted['step'], strict=True)) <= steps


def test_a_profile_as_rows_of_results():
    frame = pd.DataFrame(
        [
            ('hq', 1, 'attention', 3.0, 75.0, 0.6, 200.0, 50.0, 400.0),
            ('hq', 0, 'head', 1.0, 25.0, 0.0, 0.0, 0.0, 400.0),
        ],
        columns=[
            *('strategy', 'stage', 'step', 'ms', 'share', 'gflop', 'gflop_per_s', 'of_limit'),
            'limit',
        ],
    )
    rows = results(frame, Workload('b0', 64, 64))
    values = {(row.model, row.note, row.metric): row.value for row in rows}
    assert len(values) == len(rows) == 5 + 2 + 5 + 1  # the head has no operations here
    assert values['b0', 'stage 1: attention', 'seconds_per_image'] == 0.003
    assert values['b0', 'stage 1: attention', 'share of limit'] == 50
    assert values['b0', 'head', 'share of time'] == 25
    assert values['b0', 'all', 'rate'] == pytest.approx(0.6 / 0.004)
    assert values['b0', 'all', 'share of limit'] == pytest.approx(100 * 0.6 / 0.004 / 400)
    assert values['', 'limit: product of two large matrices', 'rate'] == 400

    # The same as a table to read.
    shown = profile_report.table(frame).to_dict('records')
    assert shown == [
        dict(zip(shown[0], row, strict=True))
        for row in (
            ('1', 'attention', '3.0', '75.0', '0.60', '200', '50'),
            ('', 'head', '1.0', '25.0', '', '', ''),
            ('', 'all', '4.0', '100.0', '0.60', '150', '38'),
        )
    ]


def test_matrix_rate():
    assert matrix_rate(torch.zeros(1), size=64, repeats=2) > 0
