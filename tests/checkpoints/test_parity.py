"""Converted weights compute what they computed, in fp64, in both directions."""

import pytest
import torch
from torch import Tensor, nn

from mmseg_tome.checkpoints.names import HUGGING_FACE, NVLABS
from mmseg_tome.checkpoints.translate import find_format, from_ours, to_ours
from tests.checkpoints import nvlabs
from tests.checkpoints.models import Ours, hugging_face, image, randomize

pytest.importorskip('transformers')
TOLERANCE = 1e-10
variants = pytest.mark.parametrize('variant', ['b0', 'b2'])


def saved(model: nn.Module) -> dict[str, Tensor]:
    """The state dict as it is on disk, where transformers has other names than in memory."""
    weights = model.state_dict()
    try:
        from transformers.core_model_loading import revert_weight_conversion
    except ModuleNotFoundError:  # before 5.0, which renamed nothing
        return weights
    is_theirs = hasattr(model, 'save_pretrained')
    return revert_weight_conversion(model, weights) if is_theirs else weights


def difference(actual: Tensor, expected: Tensor) -> float:
    assert actual.shape == expected.shape and actual.dtype == expected.dtype == torch.float64
    assert expected.std() > 0.1
    return ((actual - expected).abs().max() / expected.abs().max()).item()


def models(variant: str):
    return {
        'Hugging Face': lambda: hugging_face('SegformerForSemanticSegmentation', variant),
        'NVlabs': lambda: randomize(nvlabs.Segformer(variant)),
    }


sources = pytest.mark.parametrize('source', ['Hugging Face', 'NVlabs'])


@variants
@sources
@torch.no_grad()
def test_a_segmentation_model_becomes_ours(source, variant, record_property):
    theirs = models(variant)[source]()
    weights = saved(theirs)
    found = find_format(weights)
    assert found.title == source
    ours = Ours(variant, found)
    ours.load_state_dict(to_ours(weights, found).weights, strict=True)
    expected = theirs(image())
    error = difference(ours(image()), getattr(expected, 'logits', expected))
    record_property('relative difference', error)
    assert error <= TOLERANCE


@variants
@sources
@torch.no_grad()
def test_ours_becomes_theirs(source, variant):
    format_ = {'Hugging Face': HUGGING_FACE, 'NVlabs': NVLABS}[source]
    ours = randomize(Ours(variant, format_))
    weights = from_ours(ours.state_dict(), format_).weights
    theirs = models(variant)[source]()
    if source == 'Hugging Face':
        theirs = (
            type(theirs)
            .from_pretrained(None, config=theirs.config, state_dict=weights, dtype=torch.float64)
            .eval()
        )
    else:
        missing, unexpected = theirs.load_state_dict(weights, strict=False)
        assert not unexpected and set(missing) == {
            'decode_head.conv_seg.weight',
            'decode_head.conv_seg.bias',
        }
    actual = theirs(image())
    assert difference(getattr(actual, 'logits', actual), ours(image())) <= TOLERANCE


@variants
@pytest.mark.parametrize(
    'encoder', ['SegformerModel', 'SegformerForImageClassification', 'MixTransformer', 'classifier']
)
@torch.no_grad()
def test_an_encoder_becomes_our_backbone(encoder, variant):
    if encoder.startswith('Segformer'):
        theirs = hugging_face(encoder, variant)
        expected = theirs(image(), output_hidden_states=True).hidden_states
    else:
        theirs = randomize(nvlabs.MixTransformer(variant, classifier=encoder == 'classifier'))
        expected = theirs(image())
    weights = saved(theirs)
    found = find_format(weights)
    translation = to_ours(weights, found)
    unused = 2 if 'lassif' in encoder else 0
    assert len(translation.unused) == unused
    backbone = Ours(variant, found).backbone
    backbone.load_state_dict(translation.weights, strict=True)
    for actual, level in zip(backbone(image()), expected, strict=True):
        assert difference(actual, level) <= TOLERANCE


@variants
@torch.no_grad()
def test_the_epsilons_matter(variant):
    """Or the tests above would not see a wrong one."""
    theirs = randomize(nvlabs.MixTransformer(variant))
    weights = to_ours(theirs.state_dict(), NVLABS).weights
    for eps in ({}, HUGGING_FACE):
        backbone = Ours(variant, eps or None).backbone
        backbone.load_state_dict(weights, strict=True)
        assert difference(backbone(image())[3], theirs(image())[3]) > 100 * TOLERANCE


@variants
@sources
def test_there_and_back_is_bit_equal(source, variant):
    theirs = models(variant)[source]()
    weights = saved(theirs)
    found = find_format(weights)
    there = to_ours(weights, found)
    back = from_ours(there.weights, found).weights
    assert set(back) == set(weights) - set(there.unused)
    for name, value in back.items():
        assert value.dtype == weights[name].dtype and torch.equal(value, weights[name])


@variants
@sources
def test_back_and_there_is_bit_equal(source, variant):
    format_ = {'Hugging Face': HUGGING_FACE, 'NVlabs': NVLABS}[source]
    for model in (Ours(variant), Ours(variant).backbone):
        weights = randomize(model).state_dict()
        there = to_ours(from_ours(weights, format_).weights, format_).weights
        assert there.keys() == weights.keys()
        assert all(torch.equal(there[name], value) for name, value in weights.items())


def test_names_in_memory_are_known_too():
    """Of a state dict that was saved by hand, where transformers has renamed its layers."""
    model = hugging_face('SegformerForSemanticSegmentation', 'b0')
    on_disk, in_memory = saved(model), model.state_dict()
    first, second = (
        to_ours(weights, find_format(weights)).weights for weights in (on_disk, in_memory)
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], value) for name, value in second.items())
