"""Adding levels of several sizes, with a layer's norm and ReLU, in one launch."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmseg_tome.ops import PointwiseLayer, add_levels, fusion_head, use_backend
from tests.baselines.stock import relative_difference
from tests.models.test_segformer_head import make_heads
from tests.models.test_segformer_head import maps as head_maps
from tests.ops.test_head import make

from .accuracy import DTYPES, check_accuracy, counted_runs, on_both, on_gpu

# Height and width by level: halves, what is left of odd sizes, no regular ratio, and a map that is
# larger than the first one.
HALVES = [(12, 20), (6, 10), (3, 5), (2, 3)]
ODD = [(11, 19), (7, 6), (4, 19), (1, 1)]
GROWING = [(5, 7), (9, 16), (1, 20), (2, 1)]
LARGE = [(135, 241), (68, 121), (34, 61), (17, 31)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, device):
    """Several row tiles and blocks even on small maps."""
    if device == 'cpu':
        from mmseg_tome.ops.triton import fuse as kernels

        for name, size in {'_BLOCK_X': 16, '_BLOCK_C': 16, '_TILE': 5}.items():
            monkeypatch.setattr(kernels, name, size)


def levels(sizes, c=20, b=2):
    torch.manual_seed(0)
    return [torch.randn(b, h, w, c).permute(0, 3, 1, 2) for h, w in sizes]


def batch_norm(c=20, **options):
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(c, eps=1e-3, **options).eval().requires_grad_(False)
    for tensor in (*norm.parameters(), norm.running_mean):
        nn.init.normal_(tensor)
    norm.running_var.uniform_(0.5, 1.5)
    return norm


def after(kind, c=20, bias=True):
    """What follows a convolution, with a kernel that nobody looks at."""
    norm = {
        'affine': batch_norm,
        'bare': lambda c: batch_norm(c, affine=False),
        'none': lambda c: None,
    }
    torch.manual_seed(2)
    return PointwiseLayer(
        torch.empty(0), torch.randn(c) if bias else None, norm[kind](c), nn.ReLU()
    )


def cast(layer, like):
    """A layer on the device and, where that is not about precision, in the dtype of a tensor."""
    norm = layer.norm if layer.norm is None else layer.norm.to(like.device, like.dtype)
    bias = layer.bias if layer.bias is None else layer.bias.to(like)
    return layer._replace(bias=bias, norm=norm)


def check(maps, layer=None, mode='bilinear', align_corners=False, runs=1):
    def run(*maps):
        after_maps = layer if layer is None else cast(layer, maps[0])
        return add_levels(maps, mode, align_corners, after_maps)

    with counted_runs() as ran:
        plain, actual, exact = on_both(run, *maps)
    assert ran == ({'add_levels': runs} if runs else {})
    check_accuracy(actual, plain, exact)
    return actual


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize(
    'sizes',
    [HALVES, HALVES[:2], HALVES[:3], ODD, GROWING, pytest.param(LARGE, marks=on_gpu)],
    ids=str,
)
def test_sums(device, sizes, align_corners, dtype):
    maps = [level.to(device, dtype) for level in levels(sizes)]
    out = check(maps, align_corners=align_corners)
    assert out.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('count', [1, 4])
@pytest.mark.parametrize('bias', [False, True])
@pytest.mark.parametrize('norm', ['affine', 'bare', 'none'])
def test_norm_and_relu(device, norm, bias, count, dtype):
    maps = [level.to(device, dtype) for level in levels(ODD[:count])]
    out = check(maps, after(norm, bias=bias))
    assert out.min() == 0 < out.max()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_parameters_may_stay_in_fp32(device, dtype):
    """As under autocast."""
    maps, layer = levels(HALVES), cast(after('affine', bias=False), torch.empty(0, device=device))
    maps = [level.to(device, dtype) for level in maps]
    with counted_runs() as ran:
        out = add_levels(maps, layer=layer)
    assert ran == {'add_levels': 1} and out.dtype == dtype
    with use_backend('torch'):
        layer.norm.double()
        exact = add_levels([level.double() for level in maps], layer=layer)
    assert relative_difference(out, exact) < torch.finfo(dtype).eps / 2


def test_what_the_kernel_does_not_compute(device):
    maps = [level.to(device) for level in levels(HALVES)]
    check(maps, mode='nearest', align_corners=None, runs=0)
    check(maps, mode='bicubic', runs=0)
    check(maps[:1], runs=0)  # nothing to do
    check([*maps, maps[1]], runs=0)
    gelu = after('affine')._replace(activate=F.gelu)
    check(maps, gelu)  # after it
    check(maps, gelu._replace(norm=batch_norm().train()))


def test_gradients_are_computed_by_pytorch(device):
    maps, layer = levels(HALVES), after('affine')
    wanted = [maps[2], layer.norm.bias, layer.bias]
    for tensor in wanted:
        results = []
        for backend in ('triton', 'reference'):
            leaf = tensor.requires_grad_()
            with use_backend(backend), counted_runs() as ran:
                on_device = [level.to(device) for level in maps]
                out = add_levels(on_device, layer=cast(layer, on_device[0]))
                results += torch.autograd.grad(out.square().sum(), leaf)
            assert not ran
        torch.testing.assert_close(*results)  # PyTorch's additions are atomic on a GPU
        tensor.requires_grad_(False)


def test_layout_does_not_matter(device):
    maps = [level.to(device) for level in levels(ODD)]
    nchw = [level.contiguous() for level in maps]
    wider = [F.pad(level, (1, 2, 3, 0))[:, :, 3:, 1:-2] for level in nchw]
    first, *others = (
        add_levels(each, layer=cast(after('affine'), maps[0])) for each in (maps, nchw, wider)
    )
    assert all(torch.equal(first, other) for other in others)


def test_not_a_number_and_infinity(device):
    maps = [level.to(device) for level in levels(HALVES)]
    maps[0][0, :, 3, 4], maps[0][1, :, 0, 0], maps[2][1, :, 2, 2] = torch.nan, -torch.inf, torch.nan
    layer = cast(after('affine'), maps[0])
    with use_backend('torch'):
        expected = add_levels(maps, layer=layer)
    torch.testing.assert_close(add_levels(maps, layer=layer), expected, equal_nan=True)


def test_empty_batch(device):
    maps = [level[:0].to(device) for level in levels(HALVES)]
    with counted_runs() as ran:
        assert add_levels(maps[:1], layer=after('none', bias=False)).shape == (0, 20, 12, 20)
    assert not ran


def test_what_does_not_match(device):
    maps = [level.to(device) for level in levels(HALVES)]
    with pytest.raises(ValueError, match=r'give up to 4 maps \(2, h_i, w_i, 20\)'):
        add_levels([maps[0], maps[1][:, :7]])
    with pytest.raises(ValueError, match=r'vectors of shapes \[\(19,\)\]'):
        add_levels(maps, layer=after('none', c=19))


@pytest.mark.parametrize('dtype', DTYPES)
def test_runs_are_equal_to_the_last_bit(device, dtype):
    maps = [level.to(device, dtype) for level in levels(HALVES if device == 'cpu' else LARGE)]
    layer = cast(after('affine'), maps[0])
    assert torch.equal(add_levels(maps, layer=layer), add_levels(maps, layer=layer))


@pytest.mark.parametrize('align_corners', [False, True])
def test_the_head_equals_stock(device, align_corners):
    """With a norm for every level, each of which is a launch."""
    stock, ours = (head.to(device).eval() for head in make_heads(align_corners=align_corners))
    feats = [x.to(device) for x in head_maps()]
    with torch.no_grad():
        with counted_runs() as ran:
            out = ours(feats)
        assert ran == {'add_levels': 5}
        assert relative_difference(out, stock(feats)) < 1e-5
        assert relative_difference(ours.train()(feats), stock.train()(feats)) < 1e-5


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('autocast', [False, True])
def test_the_head_in_low_precision(device, autocast, dtype):
    stock, ours = (head.to(device).eval() for head in make_heads())
    feats = [x.to(device) for x in head_maps()]

    def run(head):
        if autocast:
            with torch.autocast(device, dtype):
                return head.float()(feats)
        return head.to(dtype)([x.to(dtype) for x in feats])

    with torch.no_grad():
        expected = stock.double()([x.double() for x in feats])
        plain = run(stock)
        with counted_runs() as ran:
            out = run(ours)
    assert ran == {'add_levels': 5} and out.dtype == dtype
    assert 0 < relative_difference(out, expected) <= 2 * relative_difference(plain, expected)


def test_the_keypoint_head(device):
    pytest.importorskip('mmpose')
    from mmengine.registry import DefaultScope

    from tests.models.test_heatmap_head import CHANNELS, make_head

    torch.manual_seed(1)
    sizes = [(24, 16), (12, 8), (6, 4), (3, 2)]
    feats = [torch.randn(2, c, *s, device=device) for c, s in zip(CHANNELS, sizes, strict=True)]
    with DefaultScope.overwrite_default_scope('mmpose'):
        head = make_head().to(device).eval()
    with torch.no_grad():
        with counted_runs() as ran:
            out = head(feats)
        with use_backend('torch'):
            expected = head.double()([x.double() for x in feats])
    assert ran == {'add_levels': 5}
    assert relative_difference(out, expected) < 1e-5


@pytest.mark.parametrize('bare', [False, True])
def test_bare_levels(device, bare):
    """Of NVlabs' and Hugging Face's heads: a launch in all, since nothing follows the levels."""
    maps, weights = make(torch.float32)
    if bare:
        weights = weights._replace(levels=[x._replace(activate=None) for x in weights.levels])
    with use_backend('torch'):
        expected = fusion_head(maps, weights)
    maps = [x.to(device) for x in maps]
    layers = [
        layer._replace(weight=layer.weight.to(device), bias=layer.bias.to(device))
        for layer in (*weights.levels, weights.fusion, weights.classify)
    ]
    with counted_runs() as ran:
        out = fusion_head(maps, type(weights)(layers[:-2], *layers[-2:]))
    assert ran == {'add_levels': 1 if bare else 5}
    assert relative_difference(out.cpu(), expected) < 1e-5


def test_no_graph_break(device):
    _, ours = make_heads()
    ours, feats = ours.to(device).eval(), [x.to(device) for x in head_maps()]
    torch._dynamo.reset()
    fast = torch.compile(ours, fullgraph=True, backend='aot_eager')
    with torch.no_grad():
        with counted_runs() as ran:
            out = fast(feats)
        assert ran == {'add_levels': 5}
        assert relative_difference(out, ours(feats)) < 1e-6
