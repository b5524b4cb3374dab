import pytest
import torch
from torch import nn

from mmseg_tome.ops import layer_norm, use_backend

from .accuracy import DTYPES, check_accuracy, counted_runs, on_both, on_gpu

NAMES = 'output', 'gradient of tokens', 'gradient of weight', 'gradient of bias'
EPS = 1e-6


def values(*shape: int) -> tuple[torch.Tensor, ...]:
    """Tokens far from zero, weight, bias, and a gradient of the output."""
    torch.manual_seed(0)
    c = shape[-1]
    return torch.randn(shape) + 3, torch.randn(c), torch.randn(c), torch.randn(shape)


def run(tokens, weight, bias, grad):
    """The output and all gradients."""
    inputs = [x.detach().requires_grad_() for x in (tokens, weight, bias)]
    out = layer_norm(*inputs, EPS)
    return out.detach(), *torch.autograd.grad(out, inputs, grad.to(out.dtype))


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(
    'shape',
    [
        (1, 1, 3),
        (2, 150, 20),  # two programs, the second of which has rows to spare
        (3, 7, 320),
        (1, 3, 512),
        (5, 1000),
        (2, 2, 2, 64),
        pytest.param((2, 64 * 64, 320), marks=on_gpu),
        pytest.param((2, 135 * 241, 64), marks=on_gpu),
        pytest.param((2, 1023, 1024), marks=on_gpu),
    ],
)
def test_values_and_gradients(device, dtype, shape):
    with counted_runs() as ran:
        results = on_both(run, *(x.to(device, dtype) for x in values(*shape)))
    assert ran == {'layer_norm': 1}
    for name, plain, actual, exact in zip(NAMES, *results, strict=True):
        check_accuracy(actual, plain, exact, name)


def test_what_is_left_to_pytorch(device):
    x, weight, bias, _ = (x.to(device) for x in values(2, 3, 8))
    wide = torch.randn(2, 1025, device=device)
    with counted_runs() as ran:
        torch.testing.assert_close(
            layer_norm(wide, wide[0], wide[1], EPS),
            nn.functional.layer_norm(wide, (1025,), wide[0], wide[1], EPS),
        )
        torch.testing.assert_close(
            layer_norm(x, weight, None, EPS), nn.functional.layer_norm(x, (8,), weight, None, EPS)
        )
        torch.testing.assert_close(
            layer_norm(x, x[0], x[1], EPS), nn.functional.layer_norm(x, (3, 8), x[0], x[1], EPS)
        )
        assert layer_norm(x[:0], weight, bias).shape == (0, 3, 8)
        with pytest.raises(RuntimeError):
            layer_norm(x, weight[:6], bias[:6])
        layer_norm(x.double(), weight.double(), bias.double())
    assert not ran


def test_it_checks_shapes(device):
    """Where it is called by its name."""
    from mmseg_tome.ops.triton.norm import layer_norm as kernel

    x, weight, bias, _ = (x.to(device) for x in values(2, 3, 8))
    with pytest.raises(ValueError, match=r'8 channels, weight \(8,\) and bias \(6,\).*give'):
        kernel(x, weight, bias[:6], EPS, x.dtype, False)


def test_large_offset(device):
    """The mean is subtracted before values are squared."""
    x, weight, bias, grad = (x.to(device) for x in values(1, 100, 320))
    results = on_both(run, x + 1e3, weight, bias, grad)
    for name, plain, actual, exact in zip(NAMES, *results, strict=True):
        check_accuracy(actual, plain, exact, name)


@pytest.mark.parametrize('c', [1, 32, 64])
def test_constant_tokens(device, c):
    x = torch.full((1, 4, c), 7.0, device=device)
    weight, bias = (x.to(device) for x in values(c)[1:3])
    assert torch.equal(layer_norm(x, weight, bias, EPS), bias.expand(1, 4, c))


def test_infinite_tokens(device):
    """Become NaN, and nothing beside them does."""
    x, weight, bias, _ = (x.to(device) for x in values(1, 40, 20))
    x[0, 3, 4], x[0, 5, 6] = torch.inf, torch.nan
    out = layer_norm(x, weight, bias)
    assert out[0, [3, 5]].isnan().all()
    others = [i for i in range(40) if i not in (3, 5)]
    assert out[0, others].isfinite().all()


def test_gradients_of_gradients(device):
    """By PyTorch, whose own the kernel's are compared with."""
    found = []
    for backend in ('triton', 'reference'):
        *inputs, _ = (x.to(device).requires_grad_() for x in values(2, 30, 20))
        with use_backend(backend):
            out = layer_norm(*inputs, EPS)
            first = torch.autograd.grad(out.square().sum(), inputs, create_graph=True)
            second = torch.autograd.grad(sum(g.square().sum() for g in first), inputs)
        found.append([*first, *second])
    for kernel, plain in zip(*found, strict=True):
        torch.testing.assert_close(kernel, plain, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize('wanted', [(0,), (1, 2), (2,)])
def test_gradients_of_some(device, wanted):
    found = []
    for backend in ('triton', 'torch'):
        *inputs, grad = (x.to(device) for x in values(2, 30, 20))
        for i in wanted:
            inputs[i].requires_grad_()
        with use_backend(backend):
            out = layer_norm(*inputs, EPS)
            out.backward(grad)
        found.append([x.grad for x in inputs])
    for kernel, plain in zip(*found, strict=True):
        assert (kernel is None) == (plain is None)
        if plain is not None:
            torch.testing.assert_close(kernel, plain, rtol=1e-5, atol=1e-5)


def test_layout_does_not_matter(device):
    x, weight, bias, grad = (x.to(device) for x in values(2, 6, 20))
    transposed, transposed_grad = (y.mT.contiguous().mT for y in (x, grad))
    assert not transposed.is_contiguous()
    results = run(transposed, weight, bias, transposed_grad)
    assert results[0].is_contiguous()
    assert all(map(torch.equal, results, run(x, weight, bias, grad)))


@pytest.mark.parametrize('low', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('weights', ['fp32', 'low'])
@pytest.mark.parametrize('tokens', ['fp32', 'low'])
def test_autocast_gives_what_the_module_does(device, low, tokens, weights):
    x, weight, bias, grad = (x.to(device) for x in values(2, 30, 20))
    x = x.to(low) if tokens == 'low' else x
    if weights == 'low':
        weight, bias = weight.to(low), bias.to(low)

    def autocast(*args):
        with torch.autocast(device, low):
            return run(*args)

    try:
        with use_backend('torch'):
            plain = autocast(x, weight, bias, grad)
            exact = run(*(y.double() for y in (x, weight, bias, grad)))
    except RuntimeError:  # on CPUs, weights below the tokens' precision
        assert device == 'cpu' and (tokens, weights) == ('fp32', 'low')
        return
    with counted_runs() as ran:
        results = autocast(x, weight, bias, grad)
    if device == 'cuda':
        assert ran == {'layer_norm': 1}
    for name, *outs in zip(NAMES, results, plain, exact, strict=True):
        check_accuracy(*outs, name)


@pytest.mark.parametrize('low', [torch.float16, torch.bfloat16])
def test_from_low_precision_to_fp32(device, low):
    """What the op asks of its kernel inside autocast on CUDA."""
    from mmseg_tome.ops.triton.norm import layer_norm as kernel

    x, weight, bias, grad = (x.to(device) for x in values(2, 30, 20))
    x = x.to(low)
    with use_backend('torch'):
        plain = run(*(y.float() for y in (x, weight, bias, grad)))
        exact = run(*(y.double() for y in (x, weight, bias, grad)))
    inputs = [y.detach().requires_grad_() for y in (x, weight, bias)]
    out = kernel(*inputs, EPS, torch.float32, True)[0]
    results = out, *torch.autograd.grad(out, inputs, grad, create_graph=True)
    again = kernel(*inputs, EPS, torch.float32, True)[0]
    others = again, *torch.autograd.grad(again, inputs, grad)
    dtypes = [torch.float32, low, torch.float32, torch.float32]
    for found in (results, others):
        for name, dtype, *outs in zip(NAMES, dtypes, found, plain, exact, strict=True):
            actual, of_plain, want = outs
            check_accuracy(actual, of_plain.to(dtype), want, name)


@pytest.mark.parametrize('dtype', DTYPES)
def test_runs_are_equal_to_the_last_bit(device, dtype):
    shape = (2, 40, 20) if device == 'cpu' else (8, 64 * 64, 320)
    inputs = [x.to(device, dtype) for x in values(*shape)]
    first = run(*inputs)
    for _ in range(1 if device == 'cpu' else 3):
        assert all(map(torch.equal, run(*inputs), first))


def test_statistics_are_kept_for_gradients_alone(monkeypatch, device):
    from mmseg_tome.ops import norm

    x, weight, bias, _ = (x.to(device) for x in values(2, 30, 20))
    call, kept = norm.call_kernel, []

    def spy(*args):
        out, statistics = call(*args)
        kept.append(statistics.numel())
        return out, statistics

    monkeypatch.setattr(norm, 'call_kernel', spy)
    weight.requires_grad_()
    assert layer_norm(x, weight, bias).requires_grad
    with torch.no_grad():
        layer_norm(x, weight, bias)
    layer_norm(x, weight.detach(), bias)
    assert kept == [2 * 60, 0, 0]
