"""`apply_tome` on models of transformers: outputs and gradients, against theirs and our own."""

import copy

import pytest
import torch

from mmseg_tome import PRESETS, apply_tome
from tests.baselines.stock import relative_difference
from tests.integrations.transformers.models import (
    MODELS,
    Counterpart,
    build,
    gradients,
    image,
    implementations,
    output,
    translated,
)

pytest.importorskip('transformers', exc_type=ImportError)

STRATEGIES = [*PRESETS, 'auto']
# Eager attention rounds its softmax to fp32, in which the weights of keys are as exact.
TOLERANCES = {'eager': 1e-6, 'sdpa': 1e-10}


def outputs_and_gradients(model, x, out_of):
    """The output, and of its mean square the gradients of image and parameters."""
    x = x.clone().requires_grad_()
    out = out_of(model, x)
    out.square().mean().backward()
    return out.detach(), x.grad, gradients(model)


def assert_close(actual, expected, tolerance):
    out, grad, grads = actual
    want_out, want_grad, want_grads = expected
    assert out.shape == want_out.shape
    assert relative_difference(out, want_out) <= tolerance
    assert relative_difference(grad, want_grad) <= tolerance
    assert grads.keys() == want_grads.keys()
    everything = torch.cat([g.flatten() for g in want_grads.values()]).norm()
    for name, want in want_grads.items():
        # Gradients of biases that a norm follows are zero, but for rounding.
        assert (grads[name] - want).norm() <= tolerance * max(want.norm(), 1e-2 * everything), name


@pytest.mark.parametrize('training', [False, True], ids=['inference', 'training'])
@pytest.mark.parametrize('strategy', STRATEGIES)
def test_equals_our_mmseg_model_with_the_same_weights(strategy, training):
    theirs = build()
    ours = Counterpart(theirs, strategy).train(training)
    apply_tome(theirs, strategy).train(training)
    out, grad, grads = outputs_and_gradients(theirs, image(), output)
    expected = outputs_and_gradients(ours, image(), lambda model, x: model(x))
    assert_close((out, grad, translated(grads)), expected, 1e-10)


@pytest.mark.parametrize('strategy', STRATEGIES)
def test_inference_equals_our_mmseg_model(strategy):
    """Without gradients other ways are faster, and taken."""
    theirs = build()
    ours = Counterpart(theirs, strategy)
    apply_tome(theirs, strategy)
    with torch.inference_mode():
        assert relative_difference(output(theirs, image()), ours(image())) <= 1e-10


@pytest.mark.parametrize('training', [False, True], ids=['inference', 'training'])
@pytest.mark.parametrize('attention', implementations())
@pytest.mark.parametrize('cls', MODELS)
def test_unmerged_equals_theirs(cls, attention, training):
    theirs = build(cls, attention).train(training)
    ours = apply_tome(copy.deepcopy(theirs), None)
    expected = outputs_and_gradients(theirs, image(), output)
    tolerance = TOLERANCES[attention] if len(implementations()) > 1 else 1e-10
    assert_close(outputs_and_gradients(ours, image(), output), expected, tolerance)


@pytest.mark.parametrize('cls', MODELS)
def test_merged_and_back(cls):
    model = build(cls)
    with torch.no_grad():
        expected = output(model, image())
        merged = output(apply_tome(model, 'fast'), image())
        back = output(apply_tome(model, None), image())
    assert relative_difference(merged, expected) > 1e-4
    assert relative_difference(back, expected) <= 1e-10


def test_random_layers_draw_what_theirs_do():
    """Dropout and stochastic depth, from the same seed."""
    settings = dict(drop_path_rate=0.5, classifier_dropout_prob=0.3, hidden_dropout_prob=0.2)
    theirs = build(**settings).train()
    ours = apply_tome(copy.deepcopy(theirs), None)
    results = []
    for model in (theirs, ours):
        torch.manual_seed(3)
        results.append(outputs_and_gradients(model, image(), output))
    assert_close(results[1], results[0], 1e-10)
    with torch.no_grad():
        assert relative_difference(output(theirs, image()), results[0][0]) > 1e-2  # it is random


def test_hidden_states_are_theirs():
    theirs = build()
    ours = apply_tome(copy.deepcopy(theirs), None)
    with torch.no_grad():
        wanted, found = (
            model(image(), output_hidden_states=True).hidden_states for model in (theirs, ours)
        )
    assert len(found) == len(wanted) == 4
    for actual, expected in zip(found, wanted, strict=True):
        assert actual.shape == expected.shape
        assert relative_difference(actual, expected) <= 1e-10


@pytest.mark.parametrize('attention', implementations())
def test_attention_matrices(attention):
    """Unmerged as theirs; merged there is none to show."""
    theirs = build(attention=attention)
    ours = apply_tome(copy.deepcopy(theirs), None)
    with torch.no_grad():
        wanted = theirs(image(), output_attentions=True)
        found = ours(image(), output_attentions=True)
    assert len(found.attentions) == len(wanted.attentions) == (5 if attention == 'eager' else 0)
    for actual, expected in zip(found.attentions, wanted.attentions, strict=True):
        assert relative_difference(actual, expected) <= 1e-6
    assert relative_difference(found.logits, wanted.logits) <= 1e-6
    apply_tome(ours, 'hq')
    with pytest.raises(ValueError, match=r'output_attentions = True .* here tokens are merged'):
        ours(image(), output_attentions=True)
    assert ours(image()).attentions is None


def test_loss_is_theirs():
    model = build()
    labels = torch.arange(2 * 97 * 130).view(2, 97, 130) % 7
    expected = model(image(), labels=labels).loss
    actual = apply_tome(model, None)(image(), labels=labels).loss
    assert relative_difference(actual, expected) <= 1e-10
    half = apply_tome(model, 'downsample')(image(), labels=labels)
    assert half.logits.shape == (2, 7, 12, 17)  # an eighth of the image, not a quarter
    assert half.loss.isfinite()


def test_images_too_small_to_be_halved():
    model = apply_tome(build(), 'downsample')
    smallest = 2 * 29  # for eight tokens a side, seven of which are four pixels apart
    assert output(model, image((smallest, 61))).isfinite().all()
    with pytest.raises(ValueError, match=r'70x57 pixels is too small .* at least 58 pixels'):
        model(image((57, 70)))
