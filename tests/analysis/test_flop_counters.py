"""Other people's counters of operations on every strategy, against our counts from shapes.

docs/performance.md says which counter sees what.
"""

import math

import pytest
import torch
from mmengine.analysis import get_model_complexity_info
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

pytest.importorskip('mmseg')
from mmseg_tome import PRESETS
from mmseg_tome.analysis import complexity
from mmseg_tome.analysis.implementations import Ours, Published
from mmseg_tome.models.token_counts import stage_sizes

HW = (128, 160)
CHANNELS, CLASSES = 256, 19
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


def image() -> torch.Tensor:
    return torch.randn(1, 3, *HW)


def counted(model: nn.Module, *, as_stock: bool) -> dict[str, float]:
    """What the table of `complexity` has, in GFLOP by step, with the head."""
    steps = complexity.count_gflop(model.backbone, HW).groupby('step')['gflop'].sum().to_dict()
    if not as_stock:
        head = complexity.count_head_gflop(model.backbone, HW, CHANNELS, CLASSES)
        return {**steps, complexity.HEAD: head}
    # With hooks, layers are called as stock calls them: the fusion of all levels after resizing.
    sizes = [math.prod(size) for size in stage_sizes(model.backbone, HW)]
    widths = [model.backbone.embed_dims * heads for heads in model.backbone.num_heads]
    levels = sum(n * width * CHANNELS for n, width in zip(sizes, widths, strict=True))
    fusion = sizes[0] * CHANNELS * (len(sizes) * CHANNELS + CLASSES)
    return {**steps, complexity.HEAD: 2e-9 * (levels + fusion)}


@pytest.fixture(scope='module', params=PRESETS)
def model(request) -> nn.Module:
    return Ours(request.param).build('b0').eval()


def test_pytorchs_counter_sees_all_that_we_count(model):
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(image())
    expected = sum(counted(model, as_stock=True).values())
    assert counter.get_total_flops() / 1e9 == pytest.approx(expected, rel=1e-9)


def test_mmengines_counter_sees_norms_and_resizing_too(model):
    found = get_model_complexity_info(model, (3, *HW), show_table=False, show_arch=False)
    expected = sum(counted(model, as_stock=True).values())
    assert expected < 2e-9 * found['flops'] < 1.02 * expected  # it counts multiplications


def test_fvcore_sees_norms_and_resizing_too(model):
    fvcore = pytest.importorskip('fvcore.nn')
    analysis = fvcore.FlopCountAnalysis(model, image())
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    expected = sum(counted(model, as_stock=True).values())
    assert expected < 2e-9 * analysis.total() < 1.02 * expected


def test_ptflops_sees_all_but_attention(model):
    ptflops = pytest.importorskip('ptflops')
    options = dict(as_strings=False, print_per_layer_stat=False, backend='aten')
    multiplications, _ = ptflops.get_model_complexity_info(model, (3, *HW), **options)
    steps = counted(model, as_stock=False)
    expected = sum(steps.values()) - steps[complexity.ATTENTION]
    assert expected < 2e-9 * multiplications < 1.02 * expected  # norms too


def test_the_default_of_ptflops_counts_neither_stock_nor_ours():
    """Its hook on attention expects no keywords, with which stock calls it."""
    ptflops = pytest.importorskip('ptflops')
    options = dict(as_strings=False, print_per_layer_stat=False)
    for implementation in (Ours('none'), Published('none')):
        model = implementation.build('b0').eval()
        assert ptflops.get_model_complexity_info(model, (3, *HW), **options) == (None, None)
