"""Which layers of a model of transformers are converted, and what is said of others."""

import copy
import logging

import pytest
import torch
from torch import nn

from mmseg_tome import apply_tome
from tests.baselines.stock import relative_difference
from tests.integrations.transformers.models import build, has_stages, image, output

transformers = pytest.importorskip('transformers', exc_type=ImportError)

from transformers.models.segformer import modeling_segformer as stock  # noqa: E402

ATTENTION = stock.SegformerAttention if has_stages() else stock.SegformerEfficientSelfAttention
MLP = stock.SegformerMixMLP if has_stages() else stock.SegformerMixFFN


class DerivedMLP(MLP):
    """A layer with something more, and the same forward."""

    def size(self) -> int:
        return sum(p.numel() for p in self.parameters())


class OtherMLP(MLP):
    def forward(self, hidden_states, height, width):
        return 2 * super().forward(hidden_states, height, width)


class OtherAttention(ATTENTION):
    def forward(self, *args, **kwargs):
        return super().forward(*args, **kwargs)


class OtherHead(stock.SegformerDecodeHead):
    def forward(self, *args, **kwargs):
        return -super().forward(*args, **kwargs)


def with_class(model, cls, base):
    """The first layer of a class becomes one of a derived class."""
    layer = next(module for module in model.modules() if type(module) is base)
    layer.__class__ = cls
    return layer


def classes(model):
    return [type(module) for module in model.modules()]


@pytest.fixture
def said(monkeypatch, caplog):
    """What is logged, for those who ask transformers for it."""
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_info()
    logger = logging.getLogger('transformers')
    monkeypatch.setattr(logger, 'propagate', True)
    with caplog.at_level(logging.INFO, 'transformers'):
        yield lambda: [
            (r.levelname, r.getMessage()) for r in caplog.records if 'apply_tome' in r.getMessage()
        ]
    transformers.logging.set_verbosity(before)


def test_what_was_converted_is_said_once(said):
    model = apply_tome(build(), 'hq')
    apply_tome(model, 'fast')
    module = 'transformers.models.segformer.modeling_segformer'
    assert said() == [
        (
            'INFO',
            f'apply_tome converted segformer ({module}.SegformerModel), '
            f'decode_head ({module}.SegformerDecodeHead)',
        )
    ]


def test_derived_layers_keep_what_they_have():
    theirs = build()
    with_class(theirs, DerivedMLP, MLP)
    model = apply_tome(copy.deepcopy(theirs), 'hq')
    layer = next(module for module in model.modules() if isinstance(module, DerivedMLP))
    assert type(layer) is not DerivedMLP and layer.size() > 1000
    assert type(copy.deepcopy(layer)) is type(layer)
    with torch.no_grad():
        out = output(apply_tome(model, None), image())
        assert relative_difference(out, output(theirs, image())) <= 1e-10


def test_layers_that_compute_something_else_are_left(said):
    theirs = build()
    with_class(theirs, OtherMLP, MLP)
    with_class(theirs, OtherHead, stock.SegformerDecodeHead)
    model = apply_tome(copy.deepcopy(theirs), None)
    assert {OtherMLP, OtherHead} <= set(classes(model))
    with torch.no_grad():
        assert relative_difference(output(model, image()), output(theirs, image())) <= 1e-10
    ((level, line),) = said()
    assert level == 'WARNING'
    left = line.partition('left as they are: ')[2]
    assert '.mlp (' in left and 'OtherMLP)' in left
    assert 'decode_head (' in left and 'OtherHead)' in left


class TestRefusals:
    def test_attention_of_its_own(self):
        model = build()
        with_class(model, OtherAttention, ATTENTION)
        before = classes(model)
        with pytest.raises(ValueError, match=r'cannot convert segformer\.\S*attention.*a forward'):
            apply_tome(model, 'hq')
        assert classes(model) == before

    def test_patched_class(self, monkeypatch):
        forward = ATTENTION.forward
        monkeypatch.setattr(ATTENTION, 'forward', lambda *a, **k: forward(*a, **k))
        with pytest.raises(ValueError, match='has a forward of its own'):
            apply_tome(build(), 'hq')

    def test_forward_on_the_instance(self):
        """As accelerate's hooks leave it, which go on calling what was there."""
        model = build('SegformerModel')
        layer = next(module for module in model.modules() if type(module) is ATTENTION)
        layer.forward = layer.forward
        with pytest.raises(ValueError, match='has a forward of its own'):
            apply_tome(model, 'hq')

    def test_wrong_strategy_leaves_the_model_as_it_was(self):
        model = build()
        before = classes(model)
        with pytest.raises(ValueError, match='has 2 stages but the backbone has 4'):
            apply_tome(model, [{}, {}])
        assert classes(model) == before

    def test_other_versions(self, monkeypatch):
        from mmseg_tome.compat import versions

        monkeypatch.setattr(versions, 'installed_version', lambda name: '4.20.0')
        with pytest.raises(ImportError, match=r'works with transformers >=4\.57,<6, but 4\.20\.0'):
            apply_tome(build(), 'hq')

    def test_other_models(self):
        with pytest.raises(ValueError, match='found no MixVisionTransformer'):
            apply_tome(nn.Linear(1, 1), 'hq')


def test_rates_of_ones_own():
    model = build()
    with torch.no_grad():
        unmerged = output(model, image())
        half = [dict(q_mode='n2d', q_s=2), {}, {}, dict(kv_mode='bsm', kv_r=0.5, kv_sx=2, kv_sy=2)]
        assert relative_difference(output(apply_tome(model, half), image()), unmerged) > 1e-4
