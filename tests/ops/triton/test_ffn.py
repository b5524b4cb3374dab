"""The whole MixFFN with its middle step as a kernel."""

import pytest
import torch

from mmseg_tome.models.mix_ffn import MixFFN
from mmseg_tome.ops import use_backend
from tests.baselines.stock import relative_difference
from tests.ops.triton.accuracy import DTYPES, check_accuracy, counted_runs, on_gpu

CHANNELS, HIDDEN = 12, 24
SIZES = [(5, 7), pytest.param((64, 64), marks=on_gpu), pytest.param((33, 65), marks=on_gpu)]


def make_ffn(device: str, **settings) -> MixFFN:
    torch.manual_seed(0)
    ffn = MixFFN(CHANNELS, HIDDEN, **settings)
    for parameter in ffn.parameters():
        torch.nn.init.normal_(parameter, std=1 / parameter[0].numel() ** 0.5)
    return ffn.to(device)


def tokens(hw: tuple[int, int], device: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, hw[0] * hw[1], CHANNELS, generator=generator).to(device)


def infer(ffn, x, hw) -> dict[str, torch.Tensor]:
    with torch.inference_mode():
        return {'output': ffn(x, hw)}


def train(ffn, x, hw) -> dict[str, torch.Tensor]:
    """The output and the gradients of everything."""
    x = x.detach().requires_grad_()
    out = ffn(x, hw)
    probe = torch.linspace(-1, 1, out.numel(), device=out.device).view_as(out).to(out.dtype)
    names, parameters = zip(*ffn.named_parameters(), strict=True)
    grads = torch.autograd.grad((out * probe).sum(), (x, *parameters))
    return {'output': out.detach()} | dict(zip(('tokens', *names), grads, strict=True))


def check(run, ffn, hw, device, dtype, autocast, runs) -> None:
    """A kernel's error is at most twice that of PyTorch, and it ran so often."""
    x = tokens(hw, device)
    with use_backend('torch'), counted_runs() as none:
        exact = run(ffn.double(), x.double(), hw)
    assert not none
    ffn, x = (ffn.float(), x) if autocast else (ffn.to(dtype), x.to(dtype))
    # Gradients end in fp32 under autocast, of what was rounded to the low precision on the way.
    results = {}
    for backend, expected in (('torch', {}), ('triton', runs)):
        with (
            use_backend(backend),
            counted_runs() as ran,
            torch.autocast(device, dtype, enabled=autocast),
        ):
            results[backend] = run(ffn, x, hw)
        assert ran == expected
    for name, want in exact.items():
        plain, actual = results['torch'][name], results['triton'][name]
        # Gradients of weights are sums over all positions.
        terms = x.shape[0] * x.shape[1] if name.startswith('layers') else 1
        check_accuracy(actual.to(dtype), plain.to(dtype), want, name, terms)


@pytest.mark.parametrize('autocast', [False, True])
@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('hw', SIZES)
def test_inference(device, hw, dtype, autocast):
    if autocast and dtype == torch.float32:
        pytest.skip('nothing is cast')
    check(infer, make_ffn(device).eval(), hw, device, dtype, autocast, {'depthwise_gelu': 1})


@pytest.mark.parametrize('recompute', [True, False])
@pytest.mark.parametrize('autocast', [False, True])
@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('hw', SIZES)
def test_training(device, hw, dtype, autocast, recompute):
    if autocast and dtype == torch.float32:
        pytest.skip('nothing is cast')
    ffn = make_ffn(device).train()
    ffn.recompute = recompute
    runs = {'depthwise_gelu': 1 + recompute, 'depthwise_gelu_backward': 1}
    check(train, ffn, hw, device, dtype, autocast, runs)


def test_recomputing_keeps_less(device):
    """One map of the hidden layer is kept: what goes into the convolution."""
    ffn, x, kept = make_ffn(device), tokens((5, 7), device), {}
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.setdefault(t.data_ptr(), t), lambda t: t
    ):
        out = ffn(x, (5, 7))
    assert out.requires_grad
    wide = [t for t in kept.values() if t.shape[-1] == HIDDEN and t.ndim == 3]
    assert len(wide) == 1


@pytest.mark.parametrize('activation', [dict(type='GELU', approximate='tanh'), dict(type='ReLU')])
def test_other_activations_are_left_to_pytorch(device, activation):
    ffn, x = make_ffn(device, act_cfg=activation).eval(), tokens((5, 7), device)
    with counted_runs() as ran:
        out = infer(ffn, x, (5, 7))['output']
    assert not ran
    with use_backend('torch'):
        assert relative_difference(out, infer(ffn, x, (5, 7))['output']) < 1e-6


def test_dropout_comes_after_the_kernel(device):
    ffn, x = make_ffn(device, ffn_drop=0.5).train(), tokens((5, 7), device)
    outs = []
    for backend in ('torch', 'triton'):
        torch.manual_seed(2)
        with use_backend(backend), counted_runs() as ran:
            outs.append(ffn(x, (5, 7)))
    assert ran == {'depthwise_gelu': 1}
    assert relative_difference(*outs) < 1e-6


@pytest.mark.parametrize('autocast', [False, True])
@pytest.mark.parametrize('run, runs', [(infer, 1), (train, 1)])
def test_compiled_without_a_graph_break(device, run, runs, autocast):
    ffn, x, results = make_ffn(device), tokens((5, 7), device), []
    torch._dynamo.reset()
    for forward in (ffn, torch.compile(ffn, fullgraph=True, backend='aot_eager')):
        with counted_runs() as ran, torch.autocast(device, torch.bfloat16, enabled=autocast):
            if run is infer:
                results.append(infer(forward, x, (5, 7)))
            else:
                results.append(train(forward, x, (5, 7)))
    # Compilers decide by themselves what to compute again.
    assert ran['depthwise_gelu'] == runs
    tolerance = 2e-2 if autocast else 1e-6
    for eager, compiled in zip(*(r.values() for r in results), strict=True):
        assert relative_difference(compiled, eager) < tolerance
