"""``torch.func`` and gradients of gradients, against stock."""

import pytest
import torch
from torch import func, nn
from torch.autograd import forward_ad

from mmseg_tome.ops import chosen_backend, recompute, use_backend
from tests.baselines.stock import relative_difference
from tests.models.dropin import loss_of, make_models, photo


def parameters_of(model):
    return {name: p.detach() for name, p in model.named_parameters()}


def flat(tensors):
    return torch.cat([t.detach().flatten() for t in tensors])


def functional_loss(model, x):
    return lambda parameters: loss_of(lambda x: func.functional_call(model, parameters, (x,)), x)


def penalty_gradients(model, x):
    """The gradients of a loss with a gradient penalty, which asks for second derivatives."""
    model.zero_grad(set_to_none=True)
    parameters = [p for p in model.parameters() if p.requires_grad]
    x = x.clone().requires_grad_()
    gradients = torch.autograd.grad(loss_of(model, x), [x, *parameters], create_graph=True)
    penalty = sum(g.square().sum() for g in gradients)
    second = torch.autograd.grad(penalty, [x, *parameters], materialize_grads=True)
    return flat(second), flat(gradients)


@pytest.fixture(params=['torch', 'row tiles', 'onednn'])
def way(request):
    """The ways in which a training step may go."""
    if request.param == 'row tiles':
        monkeypatch = request.getfixturevalue('monkeypatch')
        monkeypatch.setattr(recompute, 'tile_rows', lambda *_, **__: 3)
    elif request.param == 'onednn':
        request.getfixturevalue('matmul_by_onednn')
        from mmseg_tome.ops import dispatch

        request.getfixturevalue('monkeypatch').setattr(dispatch, '_LEAST_SCORES', 1)
    return request.param


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
def test_double_backward_equals_stock(way, training):
    dtype, tolerance = (torch.float32, 1e-3) if way == 'onednn' else (torch.float64, 1e-9)
    stock, ours = (model.train(training).to(dtype) for model in make_models())
    second, first = penalty_gradients(ours, photo().to(dtype))
    stock_second, stock_first = penalty_gradients(stock, photo().to(dtype))
    assert relative_difference(first, stock_first) < tolerance
    assert relative_difference(second, stock_second) < tolerance


@pytest.mark.parametrize('rows', [None, 3])
@pytest.mark.parametrize('strategy', ['none', 'hq', 'n2d_2x2'])
def test_double_backward_equals_that_of_plain_operations(monkeypatch, strategy, rows):
    monkeypatch.setattr(recompute, 'tile_rows', lambda *_, **__: rows)
    _, ours = make_models(strategy)
    second, first = penalty_gradients(ours, photo())
    with use_backend('reference'):
        plain_second, plain_first = penalty_gradients(ours, photo())
    assert relative_difference(first, plain_first) < 1e-10
    assert relative_difference(second, plain_second) < 1e-10


def test_double_backward_within_autocast():
    _, ours = make_models()
    ours.float()
    with torch.autocast('cpu', torch.bfloat16):
        second, first = penalty_gradients(ours, photo().float())
    exact, _ = penalty_gradients(ours, photo().float())
    assert first.isfinite().all()
    assert relative_difference(second, exact) < 0.3


def test_functional_call_with_other_weights():
    stock, ours = make_models()
    others = {name: p * 1.1 for name, p in parameters_of(stock).items()}
    with torch.no_grad():
        outs = [func.functional_call(model, others, (photo(),)) for model in (ours, stock)]
        assert relative_difference(outs[0], stock(photo())) > 0.01
    assert relative_difference(*outs) < 1e-9


@pytest.mark.parametrize('strategy', ['none', 'hq'])
def test_func_grad(strategy):
    """Of ours merged: as autograd's own; unmerged, as stock's too."""
    stock, ours = make_models(strategy)
    found = func.grad(functional_loss(ours, photo()))(parameters_of(ours))
    reference = ours if strategy != 'none' else stock
    loss_of(reference, photo()).backward()
    expected = dict(reference.named_parameters())
    expected = flat(expected[name].grad for name in found)
    assert relative_difference(flat(found.values()), expected) < 1e-9


def test_jvp_and_hessian_vector_product():
    stock, ours = make_models()
    found = []
    for model in (ours, stock):
        parameters = parameters_of(model)
        direction = {name: torch.ones_like(p) for name, p in parameters.items()}
        loss = functional_loss(model, photo())
        _, forward = func.jvp(loss, (parameters,), (direction,))
        _, twice = func.jvp(func.grad(loss), (parameters,), (direction,))
        found.append((forward[None], flat(twice.values())))
    for got, want in zip(*found, strict=True):
        assert relative_difference(got, want) < 1e-8


def test_forward_mode_without_a_transform():
    tangents = []
    for model in make_models():
        with torch.no_grad(), forward_ad.dual_level():
            x = forward_ad.make_dual(photo(), torch.ones_like(photo()))
            tangents.append(forward_ad.unpack_dual(model(x)).tangent)
    assert tangents[0] is not None
    assert relative_difference(tangents[1], tangents[0]) < 1e-9


def test_vmap_over_an_ensemble():
    outs, x = [], photo()
    for model in make_models():
        parameters = parameters_of(model)
        ensemble = {name: torch.stack([p, 1.05 * p]) for name, p in parameters.items()}

        def forward(parameters, model=model):
            return func.functional_call(model, parameters, (x,))

        with torch.no_grad():
            outs.append(func.vmap(forward)(ensemble))
    assert relative_difference(outs[0][0], outs[0][1]) > 0.001
    assert relative_difference(outs[1], outs[0]) < 1e-9


def test_per_sample_gradients():
    gradients = []
    for model in make_models():

        def loss(parameters, x, model=model):
            return loss_of(lambda x: func.functional_call(model, parameters, (x[None],)), x)

        per_sample = func.vmap(func.grad(loss), (None, 0))(parameters_of(model), photo())
        gradients.append(flat(per_sample.values()))
    assert relative_difference(*gradients[::-1]) < 1e-9


def test_transforms_leave_the_fast_paths_as_they_were(fast_paths):
    _, ours = make_models()
    with torch.no_grad():
        before = ours(photo())
        func.vmap(lambda x: ours(x[None]))(photo())
        assert torch.equal(ours(photo()), before)
    assert chosen_backend() != 'reference'


def test_shared_weights():
    """One parameter in two places has the sum of both gradients, of second derivatives too."""
    found = []
    for model in make_models():
        block, other = model.backbone.layers[3][1][0], model.backbone.layers[3][2]
        block.norm2 = block.norm1 = other
        block.ffn.layers[1].bias = block.ffn.layers[0].bias
        model.decode_head.convs[0].conv.weight = nn.Parameter(
            torch.full((16, 8, 1, 1), 0.1, dtype=torch.float64)
        )
        found.append(penalty_gradients(model, photo()))
    for got, want in zip(*found[::-1], strict=True):
        assert relative_difference(got, want) < 1e-8
