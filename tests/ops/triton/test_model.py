"""The whole backbone by kernels, against stock modules with tomesd and in low precision."""

import pytest
import torch

from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.merging.bipartite import SlotPlan
from mmseg_tome.ops import use_backend
from tests.baselines.stock import make_pair, relative_difference, stock_with_tomesd
from tests.models.test_mit import image

from .accuracy import counted_runs, on_gpu

# The smallest with a cell of 4x4 tokens in stage 4.
SIZE, VARIANT = ((512, 640), 'b2') if torch.cuda.is_available() else ((128, 160), 'b0')
LAYERS = dict(num_layers=[1, 1, 1, 1])
# Queries that look around, and weighted keys; the maps of the last stage are too small for that.
_QUERIES = dict(q_mode='bsm', q_r=0.7, q_sx=2, q_sy=2, q_window=3)
_KEYS = dict(kv_mode='bsm', kv_r=0.5, kv_sx=2, kv_sy=2, kv_weighted=True)
WINDOWED = [_QUERIES | _KEYS, _QUERIES | _KEYS, _QUERIES, {}]


@pytest.fixture(autouse=True)
def wide_blocks(monkeypatch, device):
    """The interpreter takes as long for a large block as for a small one."""
    if device == 'cpu':
        from mmseg_tome.ops.triton import depthwise as kernels

        for name in ('_BLOCK_X', '_TILE', '_BACKWARD_BLOCK_X', '_BACKWARD_TILE'):
            monkeypatch.setattr(kernels, name, 32)
        for name in ('_BLOCK_C', '_BACKWARD_BLOCK_C'):
            monkeypatch.setattr(kernels, name, 256)


@pytest.mark.parametrize('strategy', ['hq', 'fast'])
def test_equals_the_published_model(device, strategy):
    stock, ours = make_pair(VARIANT, tome_cfg=strategy, **LAYERS)
    x = image(SIZE).to(device)
    with torch.no_grad():
        expected = stock_with_tomesd(stock.to(device), strategy)(x)
        with counted_runs() as ran:
            out = ours.to(device)(x)
    assert ran['reduce_slots'] == ran['assign_slots'] == ran['best_match'] == 4
    assert ran['depthwise_gelu'] == 4
    # Of each stage: after the embedding and the last block, two of a block, and of its keys.
    assert ran['layer_norm'] == 4 * 4 + 3
    # A near-tie of two similarities may turn around, and moves a few tokens.
    allowed = 1e-5 if device == 'cpu' else 2e-2
    for ours_map, stock_map in zip(out, expected, strict=True):
        assert relative_difference(ours_map, stock_map) < allowed


def test_windowed_queries_and_weighted_keys(monkeypatch, device):
    _, ours = make_pair(VARIANT, tome_cfg=WINDOWED, **LAYERS)
    ours, x, hold = ours.to(device), image(SIZE).to(device), Matches(monkeypatch)
    with torch.no_grad():
        with counted_runs() as ran:
            out = ours(x)
        hold.replay()
        with use_backend('torch'):
            expected = ours.double()(x.double())
    assert ran['best_local_match'] == 3 and ran['best_match'] == 2
    for ours_map, expected_map in zip(out, expected, strict=True):
        assert relative_difference(ours_map, expected_map) < 1e-5


@pytest.mark.parametrize(
    'strategy',
    [
        'hq',
        pytest.param(WINDOWED, id='windowed'),
        pytest.param('fast', marks=on_gpu),
        pytest.param('balanced', marks=on_gpu),
    ],
)
def test_gradients_equal_those_of_pytorch(monkeypatch, device, strategy):
    """With the same matches, since a near-tie may turn around."""
    _, ours = make_pair(VARIANT, tome_cfg=strategy, **LAYERS)
    ours, x, gradients = ours.to(device), image(SIZE).to(device), []
    hold = Matches(monkeypatch)
    for backend in ('triton', 'torch'):
        ours.zero_grad()
        with use_backend(backend), counted_runs() as ran:
            sum(out.square().mean() for out in ours(x)).backward()
        assert bool(ran) == (backend == 'triton')
        gradients.append(torch.cat([p.grad.flatten() for p in ours.parameters()]))
        hold.replay()
    assert relative_difference(*gradients) < 1e-5


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('autocast', [False, True])
@pytest.mark.parametrize(
    'strategy',
    [
        'hq',
        pytest.param(WINDOWED, id='windowed'),
        pytest.param('fast', marks=on_gpu),
        pytest.param('balanced', marks=on_gpu),
        pytest.param('none', marks=on_gpu),
    ],
)
def test_error_is_at_most_twice_stocks(monkeypatch, device, strategy, autocast, dtype):
    stock, ours = (model.to(device) for model in make_pair(VARIANT, tome_cfg=strategy, **LAYERS))
    x, hold = image(SIZE).to(device), Matches(monkeypatch)

    def low_precision(model):
        if autocast:
            with torch.autocast(device, dtype):
                return model.float()(x)
        return model.to(dtype)(x.to(dtype))

    with torch.no_grad():
        expected = ours.double()(x.double())
        stock_expected = stock.double()(x.double())
        stock_out = low_precision(stock)
        hold.replay()
        with counted_runs() as ran:
            out = low_precision(ours)
    assert bool(ran['reduce_slots']) == (strategy != 'none')
    assert ran['depthwise_gelu'] == 4
    for ours_map, want, stock_map, stock_want in zip(
        out, expected, stock_out, stock_expected, strict=True
    ):
        error = relative_difference(ours_map, want)
        assert 0 < error <= 2 * relative_difference(stock_map, stock_want)


class Matches:
    """Keeps the matches of a forward pass, until it is told to use them again."""

    def __init__(self, monkeypatch):
        self.plans, self.replayed = [], None
        original = BipartiteSoftMatching.plan

        def plan(algorithm, tokens, hw):
            if self.replayed is not None:
                return next(self.replayed)
            plan = original(algorithm, tokens, hw)
            # Without the members, which only kernels find.
            self.plans.append(SlotPlan(plan.slot, plan.num_slots))
            return plan

        monkeypatch.setattr(BipartiteSoftMatching, 'plan', plan)

    def replay(self) -> None:
        self.replayed = iter(self.plans)
