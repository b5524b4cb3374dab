import pytest
import torch

from mmseg_tome import PRESETS
from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.models import EfficientMultiheadAttention
from tests.baselines.stock import make_pair, relative_difference
from tests.models.test_mit import image


def compiled(model):
    """Compile with a backend that counts its calls and runs the graph as it is."""
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    torch._dynamo.reset()
    return torch.compile(model, backend=backend, fullgraph=True), graphs


@pytest.mark.parametrize('strategy', PRESETS)
def test_no_graph_breaks_and_no_recompilation_at_the_same_size(strategy):
    _, ours = make_pair(tome_cfg=strategy, num_layers=[1, 1, 1, 1])
    fast, graphs = compiled(ours)
    with torch.no_grad():
        for seed in (1, 2, 3):
            x = image((96, 130), seed=seed)
            for out, expected in zip(fast(x), ours(x), strict=True):
                assert relative_difference(out, expected) < 1e-6
    assert len(graphs) == 1


def test_other_sizes_compile_again_and_stay_right():
    _, ours = make_pair(tome_cfg='hq', num_layers=[1, 0, 1, 0])
    fast, graphs = compiled(ours)
    with torch.no_grad():
        for hw in ((96, 96), (128, 96), (97, 161), (96, 96)):
            for out, expected in zip(fast(image(hw)), ours(image(hw)), strict=True):
                assert relative_difference(out, expected) < 1e-6
    assert 1 < len(graphs) <= 3


@pytest.mark.parametrize('strategy', ['hq', 'n2d_2x2'])
def test_training_step(strategy):
    gradients = []
    for compile_it in (False, True):
        _, ours = make_pair(tome_cfg=strategy, num_layers=[1, 1, 1, 1])
        model = compiled(ours)[0] if compile_it else ours
        sum(o.square().mean() for o in model(image((96, 128)))).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in ours.parameters()]))
    assert relative_difference(*gradients) < 1e-6


def test_inductor():
    """The default backend, which generates code, on one attention that merges both sides."""
    torch.manual_seed(0)
    attention = EfficientMultiheadAttention(
        32,
        2,
        sr_ratio=2,
        q_merging=BipartiteSoftMatching(0.8, 4, 4),
        kv_merging=BipartiteSoftMatching(0.6, 2, 2),
    )
    torch._dynamo.reset()
    fast = torch.compile(attention, fullgraph=True)
    x = torch.randn(2, 16 * 18, 32)
    with torch.no_grad():
        assert relative_difference(fast(x, (16, 18)), attention(x, (16, 18))) < 1e-5
