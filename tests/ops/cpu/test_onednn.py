"""Matrix products that oneDNN computes as convolutions, against `F.linear`."""

import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import dispatch
from mmseg_tome.ops.cpu import onednn
from mmseg_tome.ops.dispatch import runs_onednn
from mmseg_tome.ops.matmul import linear, linear_weight_gradient
from tests.baselines.stock import relative_difference


@pytest.fixture
def always(matmul_by_onednn, monkeypatch):
    """Convolve whatever the size and the CPU; holds the shapes that were convolved."""
    shapes = []
    original = F.conv2d

    def conv2d(x, *args):
        shapes.append(tuple(x.shape))
        return original(x, *args)

    monkeypatch.setattr(F, 'conv2d', conv2d)
    return shapes


def make(lead, k, n, bias=True):
    torch.manual_seed(0)
    x, weight, b = torch.randn(*lead, k), torch.randn(n, k), torch.randn(n)
    return [x, weight, *([b] if bias else [])]


def output_and_gradients(function, tensors):
    tensors = [t.detach().clone().requires_grad_() for t in tensors]
    out = function(*tensors)
    probe = torch.linspace(-1, 1, out.numel()).view_as(out).to(out.dtype)
    return [out, *torch.autograd.grad((out * probe).sum(), tensors)]


@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('k, n', [(32, 128), (5, 7), (1, 3), (33, 1)])
@pytest.mark.parametrize('lead', [(1,), (17,), (2, 35), (3, 5, 7)])
def test_equals_f_linear(always, lead, k, n, bias):
    tensors = make(lead, k, n, bias)
    actual = output_and_gradients(linear, tensors)
    assert len(always) == 1 and always[0][1] == k
    plain = output_and_gradients(F.linear, tensors)
    exact = output_and_gradients(F.linear, [t.double() for t in tensors])
    for ours, theirs, want in zip(actual, plain, exact, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == torch.float32
        assert relative_difference(ours, want) <= 2 * relative_difference(theirs, want) + 1e-7


def test_results_are_contiguous_as_those_of_f_linear(always):
    for x in (torch.randn(3, 5, 2).permute(1, 2, 0), torch.randn(1, 7).t(), torch.randn(6, 5).t()):
        assert linear(x, torch.randn(4, x.shape[-1])).is_contiguous()
    assert len(always) == 3


def test_tensors_need_not_be_contiguous(always):
    x = torch.randn(2, 6, 11, 4)[:, :, ::2, 1:]  # [2, 6, 6, 3]
    weight = torch.randn(3, 8).t()
    assert relative_difference(linear(x, weight), F.linear(x, weight)) < 1e-6
    grad = torch.randn(2, 6, 8, 6).transpose(2, 3)
    expected = torch.einsum('bhwn,bhwk->nk', grad, x)
    assert relative_difference(linear_weight_gradient(x, grad), expected) < 1e-6
    assert len(always) == 1


@pytest.mark.parametrize('lead', [(1,), (17,), (2, 35)])
def test_weight_gradient(always, monkeypatch, lead):
    called = []
    original = onednn.conv2d_weight
    monkeypatch.setattr(onednn, 'conv2d_weight', lambda *a: (called.append(1), original(*a))[1])
    x, weight = make(lead, 9, 13, bias=False)
    grad = torch.randn(*lead, 13)
    actual = linear_weight_gradient(x, grad)
    assert called
    weight.requires_grad_()
    (expected,) = torch.autograd.grad(F.linear(x, weight), weight, grad)
    assert relative_difference(actual, expected) < 1e-6


def test_weight_gradient_in_fp64(always):
    x, grad = torch.randn(2, 7, 3).double(), torch.randn(2, 7, 5).double()
    expected = torch.einsum('abn,abk->nk', grad, x)
    assert relative_difference(linear_weight_gradient(x, grad), expected) < 1e-14


@pytest.mark.parametrize('dtype', [torch.float64, torch.bfloat16, torch.float16])
def test_other_dtypes_are_left_to_f_linear(always, dtype):
    tensors = [t.to(dtype) for t in make((4, 9), 8, 6)]
    assert torch.equal(linear(*tensors), F.linear(*tensors))
    assert not always


def test_matrix_products_are_computed_by_onednn(matmul_by_onednn):
    tensors = make((64, 64), 32, 48)
    with torch.profiler.profile() as profile:
        output_and_gradients(linear, tensors)
    names = {event.name for event in profile.events()}
    assert 'aten::mkldnn_convolution' in names
    assert not {'aten::_slow_conv2d_forward', 'aten::_slow_conv2d_backward'} & names


def test_where_it_does_not_pay(matmul_by_onednn, monkeypatch):
    monkeypatch.setattr(dispatch, '_LEAST_MULTIPLICATIONS', 2**22)
    x, weight = torch.randn(1024, 64), torch.randn(64, 64)  # 2**22 multiplications
    assert runs_onednn(x, 64)
    assert not runs_onednn(x, 63)
    assert not runs_onednn(x.double(), 64)
    assert not runs_onednn(x.to('meta'), 64)
    with torch.autocast('cpu'):
        assert not runs_onednn(x, 64)
    with torch.backends.mkldnn.flags(enabled=False):
        assert not runs_onednn(x, 64)
    seen = []
    torch.jit.trace(
        lambda x: (seen.append(runs_onednn(x, 64)), linear(x, weight))[1], x, check_trace=False
    )
    assert seen == [False]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert not runs_onednn(x, 64)
    torch.set_num_threads(threads)
    monkeypatch.setattr(dispatch, 'onednn_is_faster', lambda: False)
    assert not runs_onednn(x, 64)


def test_compiled_models_see_a_matrix_product(always):
    @torch.compile(backend='eager', fullgraph=True)
    def compiled(x, weight):
        return linear(x, weight)

    x, weight = make((4, 9), 8, 6, bias=False)
    assert torch.equal(compiled(x, weight), F.linear(x, weight))
    assert not always
