import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import pool_tokens, unpool_tokens, use_backend

from .accuracy import DTYPES, check_accuracy, counted_runs, on_both, on_gpu
from .test_merge import with_gradient

SHAPES = [
    (1, 1, 1, 1, (1, 1)),
    (2, 4, 6, 20, (2, 2)),
    (2, 5, 7, 3, (2, 2)),  # windows at the borders are smaller
    (1, 7, 4, 5, (5, 3)),  # where interpolation copies to others than were averaged
    (1, 3, 9, 130, (8, 2)),  # a window higher than the map; several blocks of channels
    (1, 12, 12, 2, (1, 1)),  # several programs
    pytest.param(4, 64, 64, 320, (2, 2), marks=on_gpu),
    pytest.param(1, 135, 240, 320, (2, 2), marks=on_gpu),
    pytest.param(1, 97, 101, 64, (8, 3), marks=on_gpu),
]


def num_windows(h, w, stride):
    return -(-h // stride[0]) * -(-w // stride[1])


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('b, h, w, c, stride', SHAPES)
def test_pool(device, dtype, b, h, w, c, stride):
    torch.manual_seed(0)
    tokens, weight = torch.randn(b, h * w, c), torch.randn(b, num_windows(h, w, stride), c)
    with counted_runs() as ran:
        plain, actual, exact = on_both(
            with_gradient(lambda x: pool_tokens(x, (h, w), stride)),
            tokens.to(device, dtype),
            weight.to(device, dtype),
        )
    assert ran == {'pool_tokens': 1, 'unpool_tokens': 1}
    check_accuracy(actual[0], plain[0], exact[0])
    check_accuracy(actual[1], plain[1], exact[1], 'gradient')


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('b, h, w, c, stride', SHAPES)
def test_unpool(device, dtype, b, h, w, c, stride):
    torch.manual_seed(0)
    pooled, weight = torch.randn(b, num_windows(h, w, stride), c), torch.randn(b, h * w, c)
    with counted_runs() as ran:
        plain, actual, exact = on_both(
            with_gradient(lambda x: unpool_tokens(x, (h, w), stride)),
            pooled.to(device, dtype),
            weight.to(device, dtype),
        )
    assert ran == {'pool_tokens': 1, 'unpool_tokens': 1}
    assert torch.equal(actual[0], plain[0])
    check_accuracy(actual[1], plain[1], exact[1], 'gradient')


# At 74 and 82 tokens, and where 41 divides them, PyTorch's positions in fp32 are rounded to
# another token than exact quotients say.
@pytest.mark.parametrize(
    'n, strides',
    [(n, range(1, n + 2)) for n in range(1, 13)]
    + [(41, (40, 41)), (74, (13, 14)), (82, (11, 21, 27, 41)), (240, (7, 40))],
)
def test_windows_are_those_of_pytorch(monkeypatch, device, n, strides):
    """In both directions, and with gradients, which go to the same tokens."""
    from mmseg_tome.ops.triton import pool as kernels

    if device == 'cpu':
        for name in ('_POOL_ROWS', '_UNPOOL_ROWS'):
            monkeypatch.setattr(kernels, name, 256)
    for stride in strides:
        for hw, pair in (((n, 1), (stride, 1)), ((1, n), (1, stride))):
            values = 1 + torch.arange(n, dtype=torch.float32).view(1, n, 1)
            inputs = values, values[:, : -(-n // stride)]
            forth = with_gradient(lambda x, hw=hw, s=pair: pool_tokens(x, hw, s))
            back = with_gradient(lambda x, hw=hw, s=pair: unpool_tokens(x, hw, s))
            # On the CPU, where PyTorch's gradients are the transpose of what it computed.
            with use_backend('torch'):
                expected = *forth(*inputs), *back(*inputs[::-1])
            inputs = [x.to(device) for x in inputs]
            actual = *forth(*inputs), *back(*inputs[::-1])
            for ours, theirs in zip(actual, expected, strict=True):
                torch.testing.assert_close(ours.cpu(), theirs)
            with use_backend('torch'):
                assert torch.equal(actual[2], unpool_tokens(inputs[1], hw, pair))


def test_where_interpolation_divides():
    """What the kernels assume up to a stride of 40, where it divides the number of tokens."""
    for stride in range(1, 41):
        for n in range(stride, 2000, stride):
            index = torch.arange(n // stride, dtype=torch.float32)[None, None]
            expected = torch.arange(n) // stride
            assert torch.equal(F.interpolate(index, n, mode='nearest')[0, 0].long(), expected)


def test_gradients_of_gradients(device):
    torch.manual_seed(0)
    x = torch.randn(2, 35, 3, device=device)
    found = []
    for backend in ('triton', 'torch'):
        tokens = x.clone().requires_grad_()
        with use_backend(backend):
            pooled = pool_tokens(tokens, (5, 7), (2, 3))
            out = unpool_tokens(pooled.pow(3), (5, 7), (2, 3)).square().sum()
            (grad,) = torch.autograd.grad(out, tokens, create_graph=True)
            found.append([grad, *torch.autograd.grad(grad.square().sum(), tokens)])
    for kernel, plain in zip(*found, strict=True):
        torch.testing.assert_close(kernel, plain, rtol=1e-4, atol=1e-5)


def test_layout_does_not_matter(device):
    torch.manual_seed(0)
    tokens = torch.randn(2, 5, 35, device=device).transpose(1, 2)
    pooled = pool_tokens(tokens, (5, 7), (2, 2))
    assert torch.equal(pooled, pool_tokens(tokens.contiguous(), (5, 7), (2, 2)))
    strided = pooled.repeat_interleave(2, dim=2)[:, :, ::2]
    restored = unpool_tokens(strided, (5, 7), (2, 2))
    assert torch.equal(restored, unpool_tokens(pooled, (5, 7), (2, 2)))


@pytest.mark.parametrize('dtype', DTYPES)
def test_runs_are_equal_to_the_last_bit(device, dtype):
    torch.manual_seed(0)
    b, h, w, c = (1, 5, 4, 3) if device == 'cpu' else (4, 63, 64, 320)
    tokens = torch.randn(b, h * w, c).to(device, dtype)
    run = with_gradient(lambda x: unpool_tokens(pool_tokens(x, (h, w), (2, 2)), (h, w), (2, 2)))
    first = run(tokens, tokens)
    for _ in range(1 if device == 'cpu' else 3):
        assert all(map(torch.equal, run(tokens, tokens), first))


def test_nothing_is_kept_for_the_backward_pass(device):
    kept = []
    tokens = torch.randn(1, 35, 3, device=device, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda x: x):
        unpool_tokens(pool_tokens(tokens, (5, 7), (2, 2)), (5, 7), (2, 2))
    assert not kept


def test_shapes_that_do_not_match(device):
    tokens = torch.zeros(1, 34, 3, device=device)
    with pytest.raises(ValueError, match=r'tokens \(1, 34, 3\) do not match hw \(5, 7\)'):
        pool_tokens(tokens, (5, 7), (2, 2))
    with pytest.raises(ValueError, match=r'windows of \(2, 2\): give \[B, 12, C\]'):
        unpool_tokens(tokens, (5, 7), (2, 2))
