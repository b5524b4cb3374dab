"""The FFN that computes its wide activations twice, against the one that keeps them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmseg_tome.ops import FFNWeights, ffn, mix_ffn, recompute
from tests.baselines.stock import make_pair, relative_difference
from tests.ops.test_ffn import make_weights


def outputs_and_gradients(tokens, hw, weights, **options):
    tokens = tokens.clone().requires_grad_()
    weights = FFNWeights(*(w.clone().requires_grad_() for w in weights))
    out = mix_ffn(tokens, hw, weights, F.gelu, **options)
    probe = torch.linspace(-1, 1, out.numel()).view_as(out).to(out.dtype)
    return [out, *torch.autograd.grad((out * probe).sum(), [tokens, *weights])]


@pytest.fixture
def middles(fast_paths, monkeypatch):
    """The sizes of the maps that the cheap steps were computed for."""
    seen = []
    original = ffn.depthwise_gelu
    monkeypatch.setattr(ffn, 'depthwise_gelu', lambda *a: (seen.append(a[1]), original(*a))[1])
    return seen


@pytest.mark.parametrize('hw', [(1, 1), (1, 9), (9, 1), (7, 13)])
@pytest.mark.parametrize('rows', [None, 1, 3])
@pytest.mark.parametrize('batch', [1, 3])
def test_equals_keeping_them(monkeypatch, middles, batch, rows, hw):
    monkeypatch.setattr(recompute, 'tile_rows', lambda *_, **__: rows)
    weights = make_weights(6, 10, torch.float64)
    tokens = torch.randn(batch, hw[0] * hw[1], 6, dtype=torch.float64)
    expected = outputs_and_gradients(tokens, hw, weights)
    assert middles == [hw]
    actual = outputs_and_gradients(tokens, hw, weights, recompute=True)
    assert len(middles) - 1 == 2 * (1 if rows is None else batch * -(-hw[0] // rows))
    for ours, want in zip(actual, expected, strict=True):
        assert relative_difference(ours, want) < 1e-12


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_low_precision_errs_at_most_twice_as_much(monkeypatch, middles, dtype):
    monkeypatch.setattr(recompute, 'tile_rows', lambda *_, **__: 3)
    weights = make_weights(16, 64, dtype)
    tokens = torch.randn(2, 7 * 13, 16).to(dtype)
    exact = outputs_and_gradients(
        tokens.double(), (7, 13), FFNWeights(*(w.double() for w in weights))
    )
    kept = outputs_and_gradients(tokens, (7, 13), weights)
    middles.clear()
    recomputed = outputs_and_gradients(tokens, (7, 13), weights, recompute=True)
    assert len(middles) == 2 * (1 if dtype == torch.bfloat16 else 2 * 3)
    for ours, plain, want in zip(recomputed, kept, exact, strict=True):
        assert ours.dtype == dtype
        assert relative_difference(ours, want) <= 2 * relative_difference(plain, want) + 1e-7


def test_autocast(fast_paths):
    weights = FFNWeights(*(nn.Parameter(w) for w in make_weights(16, 64)))
    tokens = torch.randn(2, 7 * 13, 16)
    grads = []
    for recomputes in (False, True):
        with torch.autocast('cpu', torch.bfloat16):
            out = mix_ffn(tokens, (7, 13), weights, F.gelu, recompute=recomputes)
        assert out.dtype == torch.bfloat16
        grads.append(torch.autograd.grad(out.float().square().sum(), weights))
    for plain, ours in zip(*grads, strict=True):
        assert ours.dtype == torch.float32
        assert relative_difference(ours, plain) < 2e-2


def test_the_backbone_does_it_in_training_and_keeps_less(fast_paths):
    from mmseg_tome.analysis.memory import saved_bytes
    from mmseg_tome.models.mix_ffn import MixFFN

    _, ours = make_pair()
    x = torch.randn(2, 3, 64, 96)
    saved = {}
    for recomputes in (True, False):
        for module in ours.modules():
            if isinstance(module, MixFFN):
                module.recompute = recomputes
        saved[recomputes] = saved_bytes(lambda: ours(x), ours)
    assert saved[True] < 0.65 * saved[False]


def test_dropout_inside_is_not_computed_twice(middles):
    for drop_rate, times in ((0.0, 2), (0.1, 1)):
        _, ours = make_pair(drop_rate=drop_rate)
        middles.clear()
        sum(out.sum() for out in ours.train()(torch.randn(1, 3, 64, 64))).backward()
        assert len(middles) == 8 * times
