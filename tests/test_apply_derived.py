"""`apply_tome` on classes that people derive from mmseg's, and what happens where it cannot be."""

import copy
import io
import pickle

import pytest
import torch
from mmseg.models.backbones import mit
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import CheckpointWrapper

from mmseg_tome import PRESETS, apply_tome
from mmseg_tome.conversion import converted_class
from mmseg_tome.models import EfficientMultiheadAttention, MixVisionTransformer
from mmseg_tome.models.mit import TransformerEncoderLayer
from mmseg_tome.models.mix_ffn import MixFFN
from tests.baselines.stock import B0, make_pair, relative_difference

Stock = mit.MixVisionTransformer


class Named:
    """A mixin, as people write them: `forward` is not its affair."""

    def label(self) -> str:
        return f'{type(self).__name__} of {self.embed_dims}'


class MyAttention(Named, mit.EfficientMultiheadAttention):
    pass


class MyFFN(mit.MixFFN):
    note = 'mine'


class MyBlock(mit.TransformerEncoderLayer):
    def extra_repr(self) -> str:
        return 'my block'


class MyMiT(Named, Stock):
    """Mine."""

    freeze = False

    def __init__(self, *args, freeze: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.freeze = freeze

    def init_weights(self):
        super().init_weights()
        self.initialized = True

    def train(self, mode: bool = True):
        return super().train(mode and not self.freeze)


DERIVED = {
    Stock: MyMiT,
    mit.TransformerEncoderLayer: MyBlock,
    mit.EfficientMultiheadAttention: MyAttention,
    mit.MixFFN: MyFFN,
}
OURS = {
    MyMiT: MixVisionTransformer,
    MyBlock: TransformerEncoderLayer,
    MyAttention: EfficientMultiheadAttention,
    MyFFN: MixFFN,
}


def derive(backbone: nn.Module, classes: dict = DERIVED) -> nn.Module:
    """Turns the modules of mmseg's classes into those of derived ones, weights and all."""
    for module in backbone.modules():
        module.__class__ = classes.get(type(module), type(module))
    return backbone


def outputs(backbone: nn.Module, size=(96, 128)) -> list[torch.Tensor]:
    torch.manual_seed(0)
    with torch.no_grad():
        return backbone.eval()(torch.randn(2, 3, *size))


def state(model: nn.Module) -> list:
    """Class and attributes, by identity, of every module."""
    return [
        (type(m), list(vars(m)), [id(value) for value in vars(m).values()]) for m in model.modules()
    ]


@pytest.mark.parametrize('name', PRESETS)
@pytest.mark.parametrize('cls', [*DERIVED, None])
def test_derived_classes_compute_as_ours(name, cls):
    stock, ours = make_pair(tome_cfg=name)
    derive(stock, DERIVED if cls is None else {cls: DERIVED[cls]})
    apply_tome(stock, name)
    for out, expected in zip(outputs(stock), outputs(ours), strict=True):
        assert relative_difference(out, expected) <= 1e-5
    apply_tome(stock, None)
    for out, expected in zip(outputs(stock), outputs(make_pair()[0]), strict=True):
        assert relative_difference(out, expected) <= 1e-5


def test_they_stay_what_they_were_and_become_ours_too():
    backbone = derive(Stock(**B0))
    before = [type(module) for module in backbone.modules()]
    apply_tome(backbone, 'hq')
    for module, cls in zip(backbone.modules(), before, strict=True):
        assert isinstance(module, cls)
        assert isinstance(module, OURS.get(cls, cls))
        if cls in OURS:
            assert (type(module).__module__, type(module).__doc__) == (cls.__module__, cls.__doc__)
    assert type(backbone) is converted_class(MyMiT, MixVisionTransformer)
    assert backbone.label() == 'ToMeMyMiT of 32'
    attention = backbone.layers[1][1][0].attn
    assert attention.label() == 'ToMeMyAttention of 64'
    assert backbone.layers[0][1][0].ffn.note == 'mine'
    assert repr(backbone.layers[0][1][0]).startswith('ToMeMyBlock(\n  my block\n')
    apply_tome(backbone, None)
    assert isinstance(backbone, MixVisionTransformer) and backbone.strategy.name == 'none'
    backbone.freeze = True
    backbone.train()
    assert not any(module.training for module in backbone.modules())
    backbone.init_weights()
    assert backbone.initialized


def test_converting_needs_no_pattern_of_all_parts():
    """Ours with a part of mmseg's in it, as after swapping a block."""
    stock, ours = make_pair()
    ours.layers[2][1][0] = derive(stock.layers[2][1][0])
    apply_tome(ours, 'hq')
    expected = outputs(make_pair(tome_cfg='hq')[1])
    for out, right in zip(outputs(ours), expected, strict=True):
        assert relative_difference(out, right) <= 1e-5


@pytest.mark.parametrize('way', ['pickle', 'deepcopy', 'torch.save', 'state dict', 'constructor'])
def test_copies(way):
    stock, _ = make_pair()
    backbone = apply_tome(derive(stock), 'hq')
    expected = outputs(backbone)
    if way == 'pickle':
        twin = pickle.loads(pickle.dumps(backbone))
    elif way == 'deepcopy':
        twin = copy.deepcopy(backbone)
    elif way == 'torch.save':
        file = io.BytesIO()
        torch.save(backbone, file)
        file.seek(0)
        twin = torch.load(file, weights_only=False)
    elif way == 'state dict':
        twin = apply_tome(derive(Stock(**B0)), 'hq')
        assert list(twin.state_dict()) == list(Stock(**B0).state_dict())
        twin.load_state_dict(backbone.state_dict())
    else:  # of stock's layers, merging nothing until it is told to
        twin = type(backbone)(**B0, freeze=True)
        assert twin.freeze and type(twin.layers[0][1][0]) is mit.TransformerEncoderLayer
        twin.load_state_dict(backbone.state_dict())
        for out, unmerged in zip(outputs(twin), outputs(make_pair()[0]), strict=True):
            assert relative_difference(out, unmerged) <= 1e-5
        apply_tome(twin, 'hq')
    assert type(twin) is type(backbone)
    assert twin.strategy == backbone.strategy
    for out, right in zip(outputs(twin), expected, strict=True):
        assert relative_difference(out, right) <= 1e-6
    apply_tome(twin, None)
    assert backbone.strategy.name == 'hq'
    assert backbone.layers[0][1][0].attn.kv_merging is not None


def test_wrapped_attention_merges():
    stock, _ = make_pair()
    block = stock.layers[0][1][0]
    block.attn = CheckpointWrapper(block.attn)
    stock.layers[1][1][0] = CheckpointWrapper(stock.layers[1][1][0])
    apply_tome(stock, 'fast')
    for out, right in zip(outputs(stock), outputs(make_pair(tome_cfg='fast')[1]), strict=True):
        assert relative_difference(out, right) <= 1e-5
    assert stock.token_counts((256, 256))[0].kv_merged < stock.token_counts((256, 256))[0].kv


# What cannot be converted.


class ForwardMiT(Stock):
    def forward(self, x):
        return super().forward(x)[::-1]


class ForwardBlock(mit.TransformerEncoderLayer):
    def forward(self, x, hw_shape):
        return 2 * super().forward(x, hw_shape)


class ForwardAttention(mit.EfficientMultiheadAttention):
    def forward(self, x, hw_shape, identity=None):
        return super().forward(x, hw_shape, identity)


class HelperAttention(ForwardAttention):
    def merges(self):
        return 'branches'


class StrategyMiT(Stock):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.strategy = 'mine'


class Loud:
    def forward(self, *args):
        print('forward')
        return super().forward(*args)


class LoudMiT(Loud, Stock):
    pass


class OtherBlock(nn.Module):
    def forward(self, x, hw_shape):
        return x


class OtherAttention(nn.Module):
    def forward(self, x, hw_shape, identity=None):
        return identity


def patched(module: nn.Module) -> nn.Module:
    module.forward = module.forward
    return module


def put(place: str, new):
    """Replaces a module, or its class, everywhere in the stage."""

    def change(backbone: nn.Module) -> nn.Module:
        for i in range(2):
            parent = backbone.get_submodule(f'layers.1.1.{i}' if place else 'layers.1.1')
            name = place or str(i)
            old = getattr(parent, name)
            if isinstance(new, type) and issubclass(new, type(old)):
                old.__class__ = new
            else:
                setattr(parent, name, new(old) if new is patched else new())
        return backbone

    return change


def as_class(cls: type):
    def change(backbone: nn.Module) -> nn.Module:
        backbone.__class__ = cls
        if cls is StrategyMiT:
            backbone.strategy = 'mine'
        return backbone

    return change


HERE = __name__
CANNOT = {
    'backbone': (as_class(ForwardMiT), f'the model, a {HERE}.ForwardMiT: it overrides forward.'),
    'by a mixin': (as_class(LoudMiT), f'the model, a {HERE}.LoudMiT: it overrides forward.'),
    'an attribute of ours': (as_class(StrategyMiT), 'overrides strategy (on the instance).'),
    'block': (
        put('', ForwardBlock),
        f'layers.1.1.0, a {HERE}.ForwardBlock, and 1 more like it: it overrides forward.',
    ),
    'attention': (
        put('attn', ForwardAttention),
        f'layers.1.1.0.attn, a {HERE}.ForwardAttention, and 1 more like it: it overrides forward.',
    ),
    'a helper': (put('attn', HelperAttention), 'it overrides forward, merges.'),
    'on the instance': (
        put('attn', patched),
        'layers.1.1.0.attn, a mmseg.models.backbones.mit.EfficientMultiheadAttention, and 1 more '
        'like it: it overrides forward (on the instance).',
    ),
    'a block on the instance': (put('', patched), 'TransformerEncoderLayer, and 1 more like it'),
    'the backbone on the instance': (patched, 'MixVisionTransformer: it overrides forward (on'),
    'another block': (
        put('', OtherBlock),
        f'layers.1.1.0, a {HERE}.OtherBlock, and 1 more like it: it holds no '
        'TransformerEncoderLayer of mmseg or mmseg_tome',
    ),
    'another attention': (
        put('attn', OtherAttention),
        'it holds no EfficientMultiheadAttention of mmseg or mmseg_tome',
    ),
}


@pytest.mark.parametrize('name', CANNOT)
@pytest.mark.parametrize('cfg', ['hq', None])
def test_what_cannot_be_converted_is_named_and_nothing_changes(name, cfg):
    change, message = CANNOT[name]
    backbone = change(Stock(**B0))
    before = state(backbone)
    with pytest.raises(ValueError) as caught:
        apply_tome(backbone, cfg)
    assert str(caught.value).startswith('apply_tome cannot convert ')
    assert message in str(caught.value)
    assert str(caught.value).endswith('The model is unchanged')
    assert state(backbone) == before
    outputs(backbone)


def test_the_place_in_a_whole_model_is_named():
    model = nn.ModuleDict({'student': Stock(**B0), 'teacher': ForwardMiT(**B0)})
    before = state(model)
    with pytest.raises(ValueError, match=r'convert teacher, a .*ForwardMiT: it overrides forward'):
        apply_tome(model, 'hq')
    assert state(model) == before


def test_attention_with_the_batch_in_second_place_is_not_ours():
    backbone = Stock(**B0)
    backbone.layers[0][1][0].attn.batch_first = False
    with pytest.raises(ValueError, match=r'layers.0.1.0.attn, .* overrides batch_first'):
        apply_tome(backbone, 'hq')


class TwiceFFN(mit.MixFFN):
    def forward(self, x, hw_shape, identity=None):
        return super().forward(x, hw_shape, identity) + super().forward(x, hw_shape, identity)


@pytest.mark.parametrize('change', [TwiceFFN, patched])
def test_an_ffn_of_ones_own_stays(change):
    """Merging is no affair of the MixFFN, so it is called as in stock."""
    backbone, _ = make_pair()
    put('ffn', change)(backbone)
    expected = outputs(backbone)
    kind = type(backbone.layers[1][1][0].ffn)
    apply_tome(backbone, None)
    assert type(backbone.layers[1][1][0].ffn) is kind
    for out, right in zip(outputs(backbone), expected, strict=True):
        assert relative_difference(out, right) <= 1e-5
    apply_tome(backbone, 'hq')
    assert relative_difference(outputs(backbone)[3], expected[3]) > 1e-3


# All or nothing.


class Failure(Exception):
    pass


class Failing:
    """Raises at the n-th time that an attribute is set which conversion or switching sets."""

    at = 0

    def __setattr__(self, name, value):
        if name in ('__class__', 'q_merging', 'kv_merging', 'only_if_faster', 'strategy'):
            Failing.at -= 1
            if Failing.at == 0:
                raise Failure
        super().__setattr__(name, value)


FAILING = {
    cls: type(f'Failing{derived.__name__}', (Failing, derived), {})
    for cls, derived in DERIVED.items()
}


@pytest.mark.parametrize('start', [None, 'fast'])
def test_on_any_error_the_model_is_what_it_was(start):
    small = dict(B0, num_layers=[1, 2, 1, 1])
    backbone = derive(Stock(**small), FAILING)
    if start is not None:
        Failing.at = -1  # does not fail
        apply_tome(backbone, start)
    model = nn.Sequential(backbone, Stock(**small))
    before = state(model)
    Failing.at, attempt = 1, 1
    while True:
        try:
            apply_tome(model, 'hq')
        except Failure:
            assert state(model) == before, attempt
        else:
            break
        attempt += 1
        Failing.at = attempt
    # Every module's class if it was not ours, three settings of every block, and the strategy.
    assert attempt - 1 == 1 + 5 * 3 + (0 if start else 1 + 5 * 3)
    assert {each.strategy.name for each in model} == {'hq'}


def test_an_error_in_the_last_of_several_backbones(monkeypatch):
    model = nn.Sequential(Stock(**B0), MixVisionTransformer(**B0, tome_cfg='fast'))
    before = state(model)

    def fail(self, strategy):
        raise Failure

    monkeypatch.setattr(MixVisionTransformer, 'set_strategy', fail)
    with pytest.raises(Failure):
        apply_tome(model, 'hq')
    assert state(model) == before
    monkeypatch.undo()
    apply_tome(model, 'hq')
