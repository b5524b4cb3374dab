import pytest
import torch
from torch import nn

from mmseg_tome.normalize import normalize
from mmseg_tome.ops import use_backend
from tests.ops.triton.accuracy import counted_runs
from tests.ops.triton.conftest import DEVICE, kernels  # noqa: F401 - a fixture


class Derived(nn.LayerNorm):
    pass


def hooked() -> nn.Module:
    norm = nn.LayerNorm(8)
    norm.register_forward_hook(lambda module, args, out: out)
    return norm


def tokens() -> torch.Tensor:
    return torch.randn(2, 5, 8, device=DEVICE)


def test_plain_norms_are_computed_by_the_kernel():
    norm, x = nn.LayerNorm(8, eps=0.1).to(DEVICE), tokens()
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    with counted_runs() as ran:
        out = normalize(norm, x)
    assert ran == {'layer_norm': 1}
    torch.testing.assert_close(out, norm(x))


@pytest.mark.parametrize(
    'norm',
    [
        hooked(),
        Derived(8),
        nn.LayerNorm(8, elementwise_affine=False),
        nn.LayerNorm(8, bias=False),
        nn.GroupNorm(1, 5),
        nn.Identity(),
    ],
)
def test_others_are_called(norm):
    norm, x = norm.to(DEVICE), tokens()
    with counted_runs() as ran:
        assert torch.equal(normalize(norm, x), norm(x))
    assert not ran


@pytest.mark.parametrize('backend', ['torch', 'reference'])
def test_without_kernels_every_norm_is_called(monkeypatch, backend):
    norm, x, calls = nn.LayerNorm(8).to(DEVICE), tokens(), []
    call = nn.Module.__call__
    monkeypatch.setattr(nn.LayerNorm, '__call__', lambda m, y: (calls.append(m), call(m, y))[1])
    with use_backend(backend):
        out = normalize(norm, x)
    assert calls == [norm]
    assert torch.equal(out, norm.forward(x))
