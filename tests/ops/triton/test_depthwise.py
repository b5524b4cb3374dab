import pytest
import torch

from mmseg_tome.ops import depthwise_gelu, use_backend

from .accuracy import DTYPES, check_accuracy, counted_runs, on_both, on_gpu

NAMES = 'output', 'gradient of hidden', 'gradient of weight', 'gradient of bias'


def parameters(c: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(c, 1, 3, 3) / 3, torch.randn(c) / 3


def run(hw):
    """A function of (hidden, weight, bias, gradient) that returns the output and all gradients."""

    def with_gradients(hidden, weight, bias, grad):
        inputs = [x.detach().requires_grad_() for x in (hidden, weight, bias)]
        out = depthwise_gelu(inputs[0], hw, *inputs[1:])
        return out.detach(), *torch.autograd.grad(out, inputs, grad)

    return with_gradients


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(
    'b, h, w, c',
    [
        (1, 1, 1, 1),
        (2, 5, 6, 20),  # several row tiles, blocks of columns, and blocks of channels
        pytest.param(2, 64, 64, 1280, marks=on_gpu),
        pytest.param(1, 135, 241, 260, marks=on_gpu),
    ],
)
def test_values_and_gradients(monkeypatch, device, dtype, b, h, w, c):
    from mmseg_tome.ops.triton import depthwise as kernels

    if device == 'cpu':
        for name in ('_BLOCK_X', '_TILE', '_BACKWARD_BLOCK_X', '_BACKWARD_TILE'):
            monkeypatch.setattr(kernels, name, 4)
        for name in ('_BLOCK_C', '_BACKWARD_BLOCK_C'):
            monkeypatch.setattr(kernels, name, 16)
    torch.manual_seed(0)
    inputs = torch.randn(b, h * w, c), *parameters(c), torch.randn(b, h * w, c)
    with counted_runs() as ran:
        results = on_both(run((h, w)), *(x.to(device, dtype) for x in inputs))
    assert ran == {'depthwise_gelu': 1, 'depthwise_gelu_backward': 1}
    for name, plain, actual, exact in zip(NAMES, *results, strict=True):
        check_accuracy(actual, plain, exact, name)


def test_gradients_of_gradients(device):
    """By PyTorch, whose own the kernel's are compared with."""
    torch.manual_seed(0)
    values = torch.randn(2, 5 * 6, 20), *parameters(20)
    found = []
    for backend in ('triton', 'reference'):
        inputs = [x.to(device).requires_grad_() for x in map(torch.clone, values)]
        with use_backend(backend):
            out = depthwise_gelu(inputs[0], (5, 6), *inputs[1:])
            first = torch.autograd.grad(out.square().sum(), inputs, create_graph=True)
            second = torch.autograd.grad(sum(g.square().sum() for g in first), inputs)
        found.append([*first, *second])
    for kernel, plain in zip(*found, strict=True):
        torch.testing.assert_close(kernel, plain, rtol=1e-4, atol=1e-3)


def test_far_from_zero(device):
    """GELU is the identity far to the right, and zero far to the left."""
    hidden = torch.tensor([-1e4, -30.0, 30.0, 1e4], device=device)[None, None]
    weight = torch.zeros(4, 1, 3, 3, device=device)
    weight[:, :, 1, 1] = 1
    out, grad, *_ = run((1, 1))(hidden, weight, weight.new_zeros(4), torch.ones_like(hidden))
    assert out.flatten().tolist() == [0, 0, 30, 1e4]
    assert grad.flatten().tolist() == [0, 0, 1, 1]


def test_layout_does_not_matter(device):
    torch.manual_seed(0)
    hidden, grad = torch.randn(2, 2, 6, 20, device=device).transpose(2, 3)
    weight, bias = (x.to(device) for x in parameters(6))
    assert not hidden.is_contiguous()
    results = run((4, 5))(hidden, weight, bias, grad)
    again = run((4, 5))(hidden.contiguous(), weight, bias, grad.contiguous())
    assert all(map(torch.equal, results, again))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_autocast_keeps_weights_in_fp32(device, dtype):
    torch.manual_seed(0)
    hidden, (weight, bias) = torch.randn(1, 20, 6, device=device), parameters(6)
    grad = torch.randn(1, 20, 6).to(device, dtype)

    def autocast(*args):
        with torch.autocast(device, dtype, enabled=args[0].dtype != torch.double):
            return run((4, 5))(*args)

    with counted_runs() as ran:
        results = on_both(autocast, hidden, weight.to(device), bias.to(device), grad)
    assert ran == {'depthwise_gelu': 1, 'depthwise_gelu_backward': 1}
    assert [x.dtype for x in results[1]] == [dtype] + [torch.float32] * 3
    for name, plain, actual, exact in zip(NAMES, *results, strict=True):
        # PyTorch rounds all of them to the low precision on the way.
        check_accuracy(actual.to(dtype), plain.to(dtype), exact, name)


@pytest.mark.parametrize('dtype', DTYPES)
def test_runs_are_equal_to_the_last_bit(device, dtype):
    torch.manual_seed(0)
    b, h, w, c = (1, 3, 4, 2) if device == 'cpu' else (4, 64, 64, 320)
    inputs = torch.randn(b, h * w, c), *parameters(c), torch.randn(b, h * w, c)
    inputs = [x.to(device, dtype) for x in inputs]
    first = run((h, w))(*inputs)
    for _ in range(1 if device == 'cpu' else 3):
        assert all(map(torch.equal, run((h, w))(*inputs), first))


def test_only_the_input_is_kept(device):
    kept = []
    hidden = torch.randn(1, 20, 6, device=device, requires_grad=True)
    weight, bias = (x.to(device) for x in parameters(6))
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda x: x):
        depthwise_gelu(hidden, (4, 5), weight, bias)
    assert {x.data_ptr() for x in kept} == {x.data_ptr() for x in (hidden, weight, bias)}


def test_what_does_not_match(device):
    hidden, (weight, bias) = torch.randn(1, 20, 6, device=device), parameters(6)
    weight, bias = weight.to(device), bias.to(device)
    with pytest.raises(ValueError, match=r'hw \(4, 6\).*give \[B, h \* w, C\]'):
        depthwise_gelu(hidden, (4, 6), weight, bias)
    with pytest.raises(TypeError, match=r'hidden is torch\.float16 and weight torch\.float32'):
        depthwise_gelu(hidden.half(), (4, 5), weight, bias)


def test_the_tail_of_gelu_is_exact_enough_for_16_bits(device):
    """Everywhere, relative to its own size, and where it is too small for any dtype."""
    from .evaluate import evaluate_normal_cdf

    x = torch.linspace(-6, 6, 10001, device=device)
    exact = torch.special.ndtr(x.double())
    assert ((evaluate_normal_cdf(x) - exact) / exact).abs().max() < 1e-5
    beyond = torch.tensor([-7.0, -20, -1e4, -6e4, 7, 20, 1e4, 6e4], device=device)
    tail, near_one = evaluate_normal_cdf(beyond).split(4)
    assert torch.equal(near_one, torch.ones_like(near_one))
    assert tail.min() >= 0 and (tail * beyond[:4]).abs().max() < 1e-9
