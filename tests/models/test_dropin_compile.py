"""``torch.compile`` and ``torch.export`` of models with hooks and adapters."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from tests.baselines.stock import relative_difference
from tests.models.dropin import make_models, photo


def compiled(model):
    torch._dynamo.reset()
    return torch.compile(model, backend='eager', fullgraph=True)


@pytest.mark.parametrize('strategy', ['none', 'hq'])
def test_a_hook_from_before_compiling(strategy):
    _, ours = make_models(strategy)
    for name in ('decode_head.fusion_conv', 'backbone.layers.0.1.0.ffn.layers.1'):
        ours.get_submodule(name).register_forward_hook(lambda *a: a[2] + 0.5)
    with torch.no_grad():
        assert relative_difference(compiled(ours)(photo()), ours(photo())) < 1e-9


@torch._dynamo.config.patch(skip_nnmodule_hook_guards=False)
def test_a_hook_from_after_compiling():
    """Seen where compilers are told to look for hooks again, as in stock."""
    _, ours = make_models()
    fast = compiled(ours)
    with torch.no_grad():
        before = fast(photo())
        handle = ours.decode_head.fusion_conv.register_forward_hook(lambda *a: 2 * a[2])
        hooked = fast(photo())
        assert relative_difference(hooked, ours(photo())) < 1e-9
        assert relative_difference(hooked, before) > 0.1
        handle.remove()
        assert relative_difference(fast(photo()), before) < 1e-9


def test_parametrized_layers():
    _, ours = make_models()
    plain = ours(photo()).detach()
    parametrizations.spectral_norm(ours.decode_head.fusion_conv.conv)
    with torch.no_grad():
        out = compiled(ours)(photo())
        assert relative_difference(out, ours(photo())) < 1e-9
    assert relative_difference(out, plain) > 0.01


@pytest.mark.parametrize('strict', [False, True])
@pytest.mark.parametrize('replaced', [False, True])
def test_export(replaced, strict):
    _, ours = make_models('hq')
    if replaced:
        ours.decode_head.conv_seg = nn.Conv2d(16, 7, 3, padding=1).double()
        ours.backbone.layers[0][1][0].ffn.layers[2] = nn.Tanhshrink()
    with torch.no_grad():
        exported = torch.export.export(ours, (photo(),), strict=strict)
        out = exported.module()(photo(2))
        assert relative_difference(out, ours(photo(2))) < 1e-9
    operators = [str(node.target) for node in exported.graph.nodes]
    assert operators.count('aten.scaled_dot_product_attention.default') == 4  # the fast path
    assert operators.count('aten.gelu.default') == 3 + (not replaced)
