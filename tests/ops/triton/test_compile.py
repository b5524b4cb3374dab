"""Kernels inside of torch.compile and CUDA graphs."""

import pytest
import torch

from mmseg_tome import PRESETS
from mmseg_tome.merging import BipartiteSoftMatching, NeighborPooling2d
from mmseg_tome.models import EfficientMultiheadAttention
from mmseg_tome.ops import depthwise_gelu
from tests.baselines.stock import make_pair, relative_difference
from tests.gpu import needs_gpu
from tests.models.test_mit import image

from .accuracy import counted_runs

HW = 6, 7


def attention(device: str, window: int | None = None) -> torch.nn.Module:
    """Merges queries, and keys/values after a spatial reduction."""
    torch.manual_seed(0)
    return EfficientMultiheadAttention(
        16,
        2,
        sr_ratio=2,
        q_merging=BipartiteSoftMatching(0.6, 2, 2, window),
        kv_merging=BipartiteSoftMatching(0.5, 2, 1, window),
        kv_weighted=window is not None,
    ).to(device)


def tokens(device: str, seed: int = 1, requires_grad: bool = False) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, HW[0] * HW[1], 16, generator=generator).to(device)
    return x.requires_grad_(requires_grad)


@pytest.mark.parametrize('window, match', [(None, 'best_match'), (3, 'best_local_match')])
def test_no_graph_break_and_equal_gradients(device, window, match):
    model, results = attention(device, window), []
    torch._dynamo.reset()
    for forward in (model, torch.compile(model, fullgraph=True, backend='aot_eager')):
        x = tokens(device, requires_grad=True)
        model.zero_grad()
        with counted_runs() as ran:
            out = forward(x, HW)
            out.square().mean().backward()
        slots = {'assign_slots': 2, 'reduce_slots': 3, 'gather_slots': 3}
        assert ran == {match: 2, 'layer_norm': 1} | slots
        results.append([out, x.grad, *(p.grad.clone() for p in model.parameters())])
    for actual, expected in zip(*results, strict=True):
        assert relative_difference(actual, expected) < 1e-6


def test_pooling_has_no_graph_break_and_equal_gradients(device):
    torch._dynamo.reset()
    pooling, results = NeighborPooling2d(2), []

    def function(x):
        plan = pooling.plan(x, HW)
        return plan.unmerge(plan.merge(x).tanh())

    for run in (function, torch.compile(function, fullgraph=True, backend='aot_eager')):
        x = tokens(device, requires_grad=True)
        with counted_runs() as ran:
            out = run(x)
            (grad,) = torch.autograd.grad(out.square().mean(), x)
        assert ran == {'pool_tokens': 2, 'unpool_tokens': 2}
        results.append([out, grad])
    for actual, expected in zip(*results, strict=True):
        assert relative_difference(actual, expected) < 1e-6


def test_inductor(device):
    torch._dynamo.reset()
    weight, bias = torch.randn(16, 1, 3, 3, device=device), torch.randn(16, device=device)

    def function(x):
        return depthwise_gelu(x * 2, HW, weight, bias) + 1

    x = tokens(device)
    with counted_runs() as ran:
        out = torch.compile(function, fullgraph=True)(x)
    assert ran == {'depthwise_gelu': 1}
    assert relative_difference(out, function(x)) < 1e-6


def arguments(name: str, device: str) -> tuple:
    n, m = 6, 4
    slot = torch.tensor([[0, 2, 1, 3, 2, 2]], device=device)
    order = torch.tensor([[0, 2, 1, 4, 5, 3]], dtype=torch.int32, device=device)
    offsets = torch.tensor([[0, 1, 2, 5, 6]], dtype=torch.int32, device=device)
    index = torch.arange(n, device=device)
    x, weight, bias = (
        torch.randn(shape, device=device, requires_grad=True)
        for shape in ((1, n, 3), (3, 1, 3, 3), (3,))
    )
    return {
        'best_match': (x.detach(), index[2:], index[:2]),
        'best_local_match': (x.detach(), index[2:], 2, 3, 1, 2, 3),
        'assign_slots': (x.detach()[:, :4, 0], slot[:, :4] % 2, index[2:], index[:2], 2),
        'reduce_slots': (x, slot, order, offsets, True),
        'gather_slots': (x[:, :m].detach().requires_grad_(), slot, order, offsets, False),
        'pool_tokens': (x, 2, 3, 1, 2, True),
        'unpool_tokens': (x[:, :m].detach().requires_grad_(), 2, 3, 1, 2, False),
        'depthwise_gelu': (x, 2, 3, weight, bias),
        'add_levels': (
            torch.randn(1, 4, 6, 3, device=device),
            [torch.randn(1, h, 3, 3, device=device) for h in (2, 1, 5)],
            *(False, bias.detach(), [torch.rand(3, device=device) for _ in range(4)], 1e-5, True),
        ),
        'depthwise_gelu_backward': tuple(
            y.detach() if isinstance(y, torch.Tensor) else y for y in (x, x, 2, 3, weight, bias)
        ),
        'layer_norm': (x, weight[:, 0, 0, 0], bias, 1e-6, torch.float32, True),
        'layer_norm without gradients': (
            *(x.detach().half(), *[bias.detach()] * 2),
            *(1e-6, torch.float32, False),
        ),
    }[name]


@pytest.mark.parametrize(
    'name',
    [
        'best_match',
        'best_local_match',
        'assign_slots',
        'reduce_slots',
        'gather_slots',
        'pool_tokens',
        'unpool_tokens',
        'depthwise_gelu',
        'depthwise_gelu_backward',
        'layer_norm',
        'layer_norm without gradients',
        'add_levels',
    ],
)
def test_registrations(device, name):
    """Schema, shapes for fake tensors, and autograd fit to what the operator does."""
    import mmseg_tome.ops.triton  # noqa: F401

    operator = getattr(torch.ops.mmseg_tome, name.split()[0]).default
    torch.library.opcheck(operator, arguments(name, device))


@needs_gpu
@pytest.mark.parametrize('window', [None, 3])
def test_cuda_graph(device, window):
    model, x = attention(device, window), tokens(device)
    with torch.no_grad():
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # kernels are compiled before the capture
            model(x, HW)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            out = model(x, HW)
        for seed in (2, 3):
            x.copy_(tokens(device, seed))
            graph.replay()
            assert torch.equal(out, model(x, HW))


@needs_gpu
@pytest.mark.parametrize('training', [False, True])
def test_reduced_overhead(device, training):
    """CUDA graphs by torch.compile; the first calls record, later ones replay."""
    model = attention(device)
    torch._dynamo.reset()
    fast = torch.compile(model, fullgraph=True, mode='reduce-overhead')
    for seed in range(5):
        results = []
        for forward in (fast, model):
            x = tokens(device, seed, requires_grad=training)
            with torch.set_grad_enabled(training):
                torch.compiler.cudagraph_mark_step_begin()
                out = forward(x, HW)
            if training:
                (out,) = torch.autograd.grad(out.square().mean(), x)
            results.append(out.clone())
        assert relative_difference(*results) < 1e-5


@needs_gpu
@pytest.mark.parametrize('dtype, allowed', [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize('strategy', PRESETS)
def test_cuda_graph_of_the_backbone(device, strategy, dtype, allowed):
    """After one pass as a warm-up, as docs/kernels.md has it; then replayed on other images."""
    _, model = make_pair(tome_cfg=strategy, num_layers=[1, 1, 1, 1])
    model = model.to(device, dtype)
    images = image((128, 160)).to(device, dtype)
    with torch.inference_mode():
        model(images)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            out = model(images)
        for seed in (2, 3):
            images.copy_(image((128, 160), seed=seed))
            graph.replay()
            for actual, expected in zip(out, model(images), strict=True):
                assert relative_difference(actual, expected) < allowed
