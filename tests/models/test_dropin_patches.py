"""What is done to classes and to calls, and weights of other kinds of tensors, as in stock."""

import functools

import pytest
import torch
from mmcv.cnn import Conv2d, ConvModule
from mmcv.cnn.bricks.drop import Dropout, DropPath
from mmengine.model import Sequential
from mmengine.model.utils import _BatchNormXd
from mmengine.utils.dl_utils.parrots_wrapper import SyncBatchNorm
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.utils._pytree import tree_map_only

from mmseg_tome.models import plain
from mmseg_tome.plain import as_defined, is_untouched
from tests.baselines.stock import relative_difference
from tests.models.dropin import assert_same, make_models, on_both, photo
from tests.models.test_dropin_layers import LAYERS

# Those that the model has, by what is computed with them; mmcv's convolution calls PyTorch's.
CLASSES = [nn.Conv2d, Conv2d, ConvModule, nn.LayerNorm, nn.BatchNorm2d, nn.GELU, nn.ReLU]
CLASSES += [nn.modules.batchnorm._BatchNorm, Sequential, nn.Sequential, nn.Dropout]


def patch_class(monkeypatch, cls):
    original = cls.forward
    monkeypatch.setattr(cls, 'forward', lambda self, x, *a: 1.5 * original(self, x, *a) + 0.1)


@pytest.mark.parametrize('cls', CLASSES, ids=lambda cls: f'{cls.__module__}.{cls.__name__}')
def test_a_patched_class(monkeypatch, cls):
    models = make_models()
    before = assert_same(*models)
    patch_class(monkeypatch, cls)
    assert relative_difference(assert_same(*models), before) > 1e-3
    monkeypatch.undo()
    assert torch.equal(assert_same(*models), before)


def test_patched_attention(monkeypatch):
    models = make_models()
    before = assert_same(*models)
    original = nn.MultiheadAttention.forward

    def forward(self, query, key, value):
        return original(self, 2 * query, key, value)

    monkeypatch.setattr(nn.MultiheadAttention, 'forward', forward)
    assert relative_difference(assert_same(*models), before) > 1e-3


def test_a_patched_class_is_compiled(monkeypatch):
    _, ours = make_models('hq')
    patch_class(monkeypatch, nn.Conv2d)
    torch._dynamo.reset()
    compiled = torch.compile(ours, backend='eager', fullgraph=True)
    with torch.no_grad():
        assert relative_difference(compiled(photo()), ours(photo())) < 1e-9


def test_classes_that_were_patched_before_are_not_taken_for_plain(monkeypatch):
    def forward(self, x):
        return x

    assert len(as_defined(nn.Conv2d, Conv2d, nn.GELU)) == 3
    monkeypatch.setattr(nn.Conv2d, 'forward', forward)
    monkeypatch.setattr(nn.ReLU, 'forward', functools.wraps(nn.ReLU.forward)(forward))
    assert list(as_defined(nn.Conv2d, Conv2d, nn.GELU, nn.ReLU)) == [nn.GELU]


def test_what_others_define_is_as_they_defined_it():
    tables = [value for name, value in vars(plain).items() if name.isupper()]
    known = {cls for table in tables for cls in table}
    assert {Conv2d, ConvModule, Dropout, DropPath, Sequential, nn.MultiheadAttention} <= known
    assert {SyncBatchNorm, _BatchNormXd, NonDynamicallyQuantizableLinear} <= known


@pytest.mark.parametrize('name', LAYERS)
def test_a_layer_that_is_compiled_by_itself(monkeypatch, name):
    """What was compiled is run, and not what we take for the same."""
    found = []
    for model in make_models():
        runs = []

        def compile_call(call, runs=runs):
            return lambda *args: runs.append(args) or 1.5 * call(*args)

        monkeypatch.setattr(torch, 'compile', compile_call)
        model.get_submodule(name).compile()
        with torch.no_grad():
            found.append((model(photo()), len(runs)))
    (expected, in_stock), (out, in_ours) = found
    assert in_ours == in_stock == 1
    assert relative_difference(out, expected) < 1e-9


@pytest.mark.parametrize('name', LAYERS)
def test_a_convolution_around_the_edge(name):
    def wrap(model):
        conv = model.get_submodule(name)

        def forward(x, weight, bias):
            sides = [side for pad in reversed(conv.padding) for side in (pad, pad)]
            x = 1.5 * F.pad(x, sides, mode='circular')
            return F.conv2d(x, weight, bias, conv.stride, 0, conv.dilation, conv.groups)

        conv._conv_forward = forward

    models = make_models()
    before = assert_same(*models)
    on_both(models, wrap)
    assert relative_difference(assert_same(*models), before) > 1e-3


class Scaled(torch.Tensor):
    """A weight that is kept divided by a scale, as quantized ones are."""

    @staticmethod
    def __new__(cls, kept, scale):
        return torch.Tensor._make_wrapper_subclass(
            cls, kept.shape, dtype=kept.dtype, strides=kept.stride(), requires_grad=False
        )

    def __init__(self, kept, scale):
        self.kept, self.scale = kept, scale

    def __tensor_flatten__(self):
        return ['kept'], self.scale

    @classmethod
    def __tensor_unflatten__(cls, inner, scale, *_):
        return cls(inner['kept'], scale)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.detach.default:
            return cls(args[0].kept, args[0].scale)
        args, kwargs = tree_map_only(cls, lambda w: w.kept * w.scale, (args, kwargs or {}))
        return func(*args, **kwargs)


@pytest.mark.parametrize('name', LAYERS)
def test_weights_with_an_arithmetic_of_their_own(name):
    models = make_models()
    with torch.no_grad():
        before = models[0](photo())

    def replace(model):
        layer = model.get_submodule(name)
        weight = Scaled(layer.weight.detach() / 2, 3.0)
        layer.weight = nn.Parameter(weight, requires_grad=False)
        assert type(layer.weight) is Scaled and not is_untouched(layer)

    on_both(models, replace)
    with torch.no_grad():
        out, expected = models[1](photo()), models[0](photo())
    assert relative_difference(out, expected) < 1e-9
    assert relative_difference(expected, before) > 1e-3
