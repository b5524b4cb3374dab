"""Inference from CUDA graphs, and when it must not come from one."""

import copy
import pickle

import pytest
import torch
from torch import nn

from mmseg_tome.models import MixVisionTransformer
from mmseg_tome.models.cuda_graphs import CudaGraphs, state_of
from mmseg_tome.strategies import parse_tome_cfg
from tests.baselines.stock import relative_difference
from tests.gpu import needs_gpu

from .test_mit import image

SMALL = dict(embed_dims=32, num_heads=[1, 2, 5, 8], num_layers=[1, 1, 1, 1])
SIZE = 128, 160


class Counted(MixVisionTransformer):
    """Counts how often it is computed, which a replay is not."""

    computed = 0

    def _compute(self, x):
        self.computed += 1
        return super()._compute(x)


class Quantized(nn.Parameter):
    """Stands for weights of a class of their own."""


def backbone(device='cpu', tome_cfg='balanced', **settings) -> Counted:
    torch.manual_seed(0)
    return Counted(**SMALL, tome_cfg=tome_cfg, **settings).to(device).eval()


@pytest.fixture
def recorded():
    """A backbone and its graph: computed once as always, and twice to be recorded."""
    model = backbone('cuda', cuda_graphs=True)
    with torch.inference_mode():
        for _ in range(2):
            model(image(SIZE).cuda())
    assert model.computed == 3
    return model


def check(model, x, computed: int) -> None:
    """It gives what it gives without graphs, after being computed so often."""
    before = model.computed
    outs = model(x)
    assert model.computed - before == computed
    # A library may choose another algorithm while it is recorded, and a near-tie turn around.
    is_fp32 = outs[0].dtype == torch.float32 and not torch.is_autocast_enabled('cuda')
    allowed = 1e-4 if is_fp32 else 2e-2
    for out, expected in zip(outs, model._compute(x), strict=True):
        assert out.dtype == expected.dtype and out.stride() == expected.stride()
        assert relative_difference(out, expected) < allowed


def test_on_a_cpu_it_changes_nothing():
    model, x = backbone(cuda_graphs=True), image(SIZE)
    with torch.no_grad():
        for _ in range(3):
            check(model, x, computed=1)
    assert not model._graphs.graphs


def test_what_a_graph_relies_on():
    model = backbone()
    state = state_of(model)
    assert state == state_of(model)
    model.load_state_dict(backbone().state_dict())
    assert state == state_of(model)  # the same memory
    model.set_strategy(parse_tome_cfg('hq'))
    assert state != (state := state_of(model))
    model.layers[0][1][0].norm1 = copy.deepcopy(model.layers[0][1][0].norm1)
    assert state != (state := state_of(model))
    model.layers[0][1][0].attn.attn.in_proj_bias = nn.Parameter(torch.zeros(96))
    assert state != (state := state_of(model))
    model.double()
    assert state != state_of(model)


def test_layers_that_must_be_called():
    model = backbone()
    handle = model.layers[3][1][0].ffn.register_forward_hook(lambda *args: None)
    assert state_of(model) is None
    handle.remove()
    assert state_of(model) is not None
    model.layers[3][1][0].train()
    assert state_of(model) is None
    model.eval()
    model.layers[3][2].weight = Quantized(model.layers[3][2].weight)
    assert state_of(model) is None


def test_graphs_are_neither_copied_nor_saved():
    graphs = CudaGraphs(most=3)
    graphs.graphs['a size'] = 'a graph'
    for other in (copy.deepcopy(graphs), pickle.loads(pickle.dumps(graphs))):
        assert other.most == 3 and not other.graphs


@needs_gpu
def test_it_is_replayed(recorded):
    first, second = (image(SIZE, seed=seed).cuda() for seed in (1, 2))
    with torch.inference_mode():
        check(recorded, first, computed=0)
        kept = recorded(first)
        before = [out.clone() for out in kept]
        check(recorded, second, computed=0)
    # What was returned is not written over.
    assert all(map(torch.equal, kept, before))
    with torch.no_grad():  # of use outside of inference mode too
        check(recorded, first, computed=0)


@needs_gpu
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_inside_autocast(recorded, dtype):
    x = image(SIZE).cuda()
    with torch.no_grad(), torch.autocast('cuda', dtype):
        check(recorded, x, computed=1)
        check(recorded, x, computed=2)
    with torch.no_grad(), torch.autocast('cuda', dtype):
        check(recorded, x, computed=0)


@needs_gpu
def test_new_weights_in_the_same_memory(recorded):
    torch.manual_seed(1)
    moved = {k: v + 0.1 * torch.randn_like(v) for k, v in recorded.state_dict().items()}
    recorded.load_state_dict(moved)
    with torch.inference_mode():
        check(recorded, image(SIZE).cuda(), computed=0)


@needs_gpu
def test_what_changes_is_recorded_anew(recorded):
    x = image(SIZE).cuda()
    for change in (
        lambda: recorded.set_strategy(parse_tome_cfg('hq')),
        lambda: recorded.half(),
        lambda: setattr(recorded.layers[0][1][0], 'norm1', nn.LayerNorm(32).cuda().half()),
    ):
        change()
        x = x.to(next(recorded.parameters()).dtype)
        with torch.inference_mode():
            for computed in (1, 2, 0):
                recorded.eval()
                check(recorded, x, computed)


@needs_gpu
def test_sizes_beyond_the_last(recorded):
    recorded._graphs.most = 2
    with torch.inference_mode():
        for size, computed in (((160, 160), (1, 2, 0)), ((160, 128), (1, 1, 1)), (SIZE, (0,))):
            for expected in computed:
                check(recorded, image(size).cuda(), expected)


@needs_gpu
def test_hooks_and_gradients_and_training(recorded):
    x, seen = image(SIZE).cuda(), []
    handle = recorded.layers[0][1][0].register_forward_hook(lambda *args: seen.append(1))
    with torch.inference_mode():
        recorded(x)
    handle.remove()
    assert seen == [1]
    sum(out.sum() for out in recorded(x)).backward()
    assert recorded.layers[0][1][0].norm1.weight.grad is not None
    recorded.train()
    with torch.no_grad():
        check(recorded, x, computed=1)


@needs_gpu
def test_what_cannot_be_recorded_is_an_error():
    class Waits(nn.Identity):
        def forward(self, x):
            return x * bool(x.sum() != 0)  # waits for the GPU

    model = backbone('cuda', cuda_graphs=True)
    model.layers[3][2] = Waits()
    with torch.inference_mode():
        model(image(SIZE).cuda())
        with pytest.raises(RuntimeError, match='set cuda_graphs = False'):
            model(image(SIZE).cuda())
