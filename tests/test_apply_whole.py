"""`apply_tome` on the whole of a stock model: backbone, head and segmentor."""

import copy
import io
import logging
import pickle

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.models.backbones import mit
from mmseg.models.decode_heads import FCNHead
from mmseg.models.decode_heads import SegformerHead as StockHead
from mmseg.models.segmentors import EncoderDecoder as StockSegmentor
from mmseg.models.segmentors import SegTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_tome import PRESETS, apply_tome
from mmseg_tome.models import MixVisionTransformer
from mmseg_tome.models.segformer_head import SegformerHead
from mmseg_tome.models.segmentor import EncoderDecoder
from tests.baselines.stock import relative_difference

BACKBONE = dict(
    type='mmseg.models.backbones.mit.MixVisionTransformer',
    embed_dims=32,
    num_layers=[1, 2, 1, 1],
    num_heads=[1, 2, 5, 8],
    drop_path_rate=0.0,
)
HEAD = dict(
    type='mmseg.models.decode_heads.segformer_head.SegformerHead',
    in_channels=[32, 64, 160, 256],
    in_index=[0, 1, 2, 3],
    channels=32,
    num_classes=5,
    dropout_ratio=0.0,
    norm_cfg=dict(type='BN'),
)
AUXILIARY = dict(
    type='FCNHead', in_channels=160, in_index=2, channels=8, num_classes=5, dropout_ratio=0.0,
    norm_cfg=dict(type='BN'),
)  # fmt: skip
STOCK = dict(
    type='mmseg.models.segmentors.encoder_decoder.EncoderDecoder',
    backbone=BACKBONE,
    decode_head=HEAD,
    test_cfg=dict(mode='whole'),
)
OURS = dict(
    STOCK,
    type='EncoderDecoder',
    backbone=dict(BACKBONE, type='MixVisionTransformer'),
    decode_head=dict(HEAD, type='SegformerHead'),
)


def build(cfg: dict = STOCK) -> nn.Module:
    """A segmentor with drawn weights and statistics, in eval mode."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(ConfigDict(copy.deepcopy(cfg)))
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=1.5 / max(1, parameter[0].numel()) ** 0.5)
    for name, buffer in model.named_buffers():
        if 'running' in name:
            buffer.uniform_(0.5, 1.5)
    return model.eval()


def batch(size=(64, 96), labels: bool = False) -> tuple[torch.Tensor, list[SegDataSample]]:
    generator = torch.Generator().manual_seed(0)
    meta = dict(ori_shape=(50, 90), img_shape=size, pad_shape=size, padding_size=[3, 0, 0, 2])
    samples = [SegDataSample(metainfo=meta) for _ in range(2)]
    for sample in samples if labels else ():
        classes = torch.randint(5, (1, *size), generator=generator)
        sample.gt_sem_seg = PixelData(data=classes)
    return torch.randn(2, 3, *size, generator=generator), samples


def predictions(model: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and classes of both images."""
    with torch.no_grad():
        found = model(*batch(), mode='predict')
    return tuple(
        torch.stack([getattr(sample, field).data for sample in found])
        for field in ('seg_logits', 'pred_sem_seg')
    )


def check_equal(model: nn.Module, expected: nn.Module) -> None:
    scores, classes = predictions(model)
    right_scores, right_classes = predictions(expected)
    assert relative_difference(scores, right_scores) <= 1e-5
    assert (classes == right_classes).float().mean() > 0.999
    with torch.no_grad():
        image, _ = batch()
        assert relative_difference(model(image), expected(image)) <= 1e-5


def state(model: nn.Module) -> list:
    """Class and attributes, by identity, of every module."""
    return [
        (type(m), list(vars(m)), [id(value) for value in vars(m).values()]) for m in model.modules()
    ]


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    """What `apply_tome` itself logs."""
    lines = []

    class Keep(logging.Handler):
        def emit(self, record):
            if record.getMessage().startswith('apply_tome'):
                lines.append(record.getMessage())

    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'handlers', [Keep()])
    monkeypatch.setattr(logger, 'level', logging.INFO)
    return lines


@pytest.mark.parametrize('name', PRESETS)
def test_computes_as_stock_unmerged_and_as_ours_merged(name):
    stock, converted, ours = build(), build(), build(OURS)
    assert type(converted.decode_head) is StockHead and type(ours.decode_head) is SegformerHead
    ours.load_state_dict(stock.state_dict())
    assert apply_tome(converted, name) is converted
    check_equal(converted, apply_tome(ours, name))
    apply_tome(converted, None)
    check_equal(converted, stock)
    assert type(converted) is EncoderDecoder
    assert type(converted.backbone) is MixVisionTransformer
    assert type(converted.decode_head) is SegformerHead


def test_all_that_a_model_carries_stays():
    model = build({**STOCK, 'auxiliary_head': [HEAD, AUXILIARY]}).double().train()
    model.decode_head.conv_seg.weight.requires_grad_(False)
    model.register_buffer('mine', torch.ones(2))
    model.decode_head.note = model.note = 'mine'
    calls = []
    for module in (model, model.decode_head, model.decode_head.convs[1], model.backbone):
        module.register_forward_hook(lambda module, *_: calls.append(module))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    modules, held = dict(model.named_modules()), nn.ModuleList([model.decode_head])
    tensors = {n: id(t) for n, t in (*model.named_parameters(), *model.named_buffers())}
    keys, metadata = list(model.state_dict()), model.state_dict()._metadata
    apply_tome(model, 'hq')
    assert dict(model.named_modules()) == modules
    assert {n: id(t) for n, t in (*model.named_parameters(), *model.named_buffers())} == tensors
    assert list(model.state_dict()) == keys and model.state_dict()._metadata == metadata
    assert held[0] is model.decode_head and type(held[0]) is SegformerHead
    assert [type(head) for head in model.auxiliary_head] == [SegformerHead, FCNHead]
    assert (model.note, model.decode_head.note) == ('mine', 'mine')
    assert all(module.training for module in model.modules())
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert not model.decode_head.conv_seg.weight.requires_grad
    ids = {id(p) for p in model.parameters()}
    assert {id(p) for group in optimizer.param_groups for p in group['params']} == ids
    maps = model.extract_feat(batch()[0].double())
    model.decode_head(maps)
    model(batch()[0].double())  # calls the forward of its head, as in stock, and so no hook of it
    conv = model.decode_head.convs[1]
    assert calls == [model.backbone, conv, model.decode_head, model.backbone, conv, model]


def test_training_is_as_stocks():
    cfg = {**STOCK, 'auxiliary_head': AUXILIARY}
    stock, converted = build(cfg).double().train(), build(cfg).double().train()
    apply_tome(converted, None)
    losses, gradients = [], []
    for model in (stock, converted):
        image, samples = batch(labels=True)
        found = model(image.double(), samples, mode='loss')
        sum(value for name, value in found.items() if 'loss' in name).backward()
        losses.append(found)
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert losses[0].keys() == losses[1].keys()
    for name, value in losses[0].items():
        assert relative_difference(losses[1][name], value) <= 1e-10
    assert relative_difference(gradients[1], gradients[0]) <= 1e-8
    for buffer, right in zip(converted.buffers(), stock.buffers(), strict=True):
        torch.testing.assert_close(buffer, right)


@pytest.mark.parametrize('wrap', [nn.DataParallel, SegTTAModel, nn.Sequential], ids=str)
def test_inside_of_something_else(wrap):
    model = build()
    wrapper = wrap(model)
    assert apply_tome(wrapper, 'hq') is wrapper and type(wrapper) is wrap
    assert type(model) is EncoderDecoder and type(model.decode_head) is SegformerHead


# What is left.


class OtherHead(StockHead):
    def forward(self, inputs):
        return 2 * super().forward(inputs)


class PlainHead(StockHead):
    pass


class OtherSegmentor(StockSegmentor):
    def postprocess_result(self, seg_logits, data_samples=None):
        return super().postprocess_result(seg_logits.roll(1, dims=1), data_samples)


@pytest.mark.parametrize('cls', [OtherHead, PlainHead], ids=lambda cls: cls.__name__)
def test_a_head_derived_from_mmsegs_is_left(cls, logged):
    model, expected = build(), build()
    for each in (model, expected):
        each.decode_head.__class__ = cls
    apply_tome(model, None)
    assert type(model.decode_head) is cls
    check_equal(model, expected)
    assert logged == [
        'apply_tome converted backbone (mmseg.models.backbones.mit.MixVisionTransformer), '
        'the model (mmseg.models.segmentors.encoder_decoder.EncoderDecoder); '
        f'left as they are: decode_head ({__name__}.{cls.__name__})'
    ]


def test_a_segmentor_derived_from_mmsegs_is_left(logged):
    model, expected = build(), build()
    for each in (model, expected):
        each.__class__ = OtherSegmentor
    apply_tome(model, None)
    assert type(model) is OtherSegmentor and type(model.decode_head) is SegformerHead
    check_equal(model, expected)
    assert logged[0].endswith(f'; left as they are: the model ({__name__}.OtherSegmentor)')


@pytest.mark.parametrize('part', ['', 'decode_head'])
def test_what_was_changed_on_the_instance_is_left(part, logged):
    model, expected = build(), build()
    calls = []
    for each in (model, expected):
        changed = each.get_submodule(part)
        name = 'forward' if part else 'postprocess_result'
        original = getattr(changed, name)

        def mine(*args, original=original):
            calls.append(args)
            return original(*args)

        setattr(changed, name, mine)
    apply_tome(model, None)
    assert type(model.get_submodule(part)) is (StockHead if part else StockSegmentor)
    check_equal(model, expected)
    assert len(calls) == (4 if part else 2)
    assert 'left as they are: ' in logged[0]


def test_it_is_logged_once(logged):
    model = build({**STOCK, 'auxiliary_head': [AUXILIARY, AUXILIARY]})
    apply_tome(model, 'hq')
    apply_tome(model, 'fast')
    apply_tome(model, None)
    assert logged == [
        'apply_tome converted backbone (mmseg.models.backbones.mit.MixVisionTransformer), '
        'the model (mmseg.models.segmentors.encoder_decoder.EncoderDecoder), '
        'decode_head (mmseg.models.decode_heads.segformer_head.SegformerHead); '
        'left as they are: auxiliary_head.0 (mmseg.models.decode_heads.fcn_head.FCNHead), '
        'auxiliary_head.1 (mmseg.models.decode_heads.fcn_head.FCNHead)'
    ]


def test_of_ours_there_is_nothing_to_say(logged):
    apply_tome(build(OURS), 'hq')
    assert logged == []


def test_ours_with_a_stock_head(logged):
    """As where a config names mmseg's class by its path."""
    model = build({**OURS, 'decode_head': HEAD})
    apply_tome(model, 'hq')
    assert type(model.decode_head) is SegformerHead
    name = 'mmseg.models.decode_heads.segformer_head.SegformerHead'
    assert logged == [f'apply_tome converted decode_head ({name})']


def test_a_head_alone_is_no_model_to_merge_in():
    head = build().decode_head
    with pytest.raises(ValueError, match='found no MixVisionTransformer in the SegformerHead'):
        apply_tome(head, 'hq')
    assert type(head) is StockHead


# What can be stored.


@pytest.mark.parametrize('way', ['pickle', 'deepcopy', 'torch.save'])
@pytest.mark.parametrize('name', ['hq', None])
def test_copies_are_ours_and_know_the_strategy(way, name):
    model = apply_tome(build(), name)
    if way == 'deepcopy':
        twin = copy.deepcopy(model)
    elif way == 'pickle':
        twin = pickle.loads(pickle.dumps(model))
    else:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        twin = torch.load(file, weights_only=False)
    assert [type(m) for m in twin.modules()] == [type(m) for m in model.modules()]
    assert twin.backbone.strategy == model.backbone.strategy
    check_equal(twin, model)


def test_state_dicts_are_stocks():
    """They know nothing of merging, load where stock's load, and need no class of ours."""
    stock, model = build(), apply_tome(build(), 'hq')
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    weights = torch.load(file, weights_only=True)
    assert list(weights) == list(stock.state_dict())
    for parameter in stock.parameters():
        nn.init.zeros_(parameter)
    stock.load_state_dict(weights)
    check_equal(stock, apply_tome(model, None))
    model.load_state_dict(build().state_dict())


# All or nothing.


class Failure(Exception):
    pass


@pytest.mark.parametrize('part', ['', 'decode_head', 'auxiliary_head'])
def test_an_error_in_whatever_part_changes_nothing(part, monkeypatch):
    model = build({**STOCK, 'auxiliary_head': HEAD})
    part = model.get_submodule(part)
    before = state(model)

    def fail(self, name, value, original=nn.Module.__setattr__):
        if self is part and name == '__class__':
            raise Failure
        original(self, name, value)

    monkeypatch.setattr(nn.Module, '__setattr__', fail)
    with pytest.raises(Failure):
        apply_tome(model, 'hq')
    assert state(model) == before
    monkeypatch.undo()
    apply_tome(model, 'hq')
    assert type(model.auxiliary_head) is SegformerHead


def test_an_error_at_any_module_changes_nothing(monkeypatch):
    """At each class and each setting of a block that changes, one after the other."""
    model = build()
    before = state(model)
    left = 0

    def fail(self, name, value, original=nn.Module.__setattr__):
        nonlocal left
        if name in ('__class__', 'q_merging', 'kv_merging', 'only_if_faster', 'strategy'):
            left -= 1
            if left == 0:
                raise Failure
        original(self, name, value)

    monkeypatch.setattr(nn.Module, '__setattr__', fail)
    attempt = 0
    while True:
        attempt += 1
        left = attempt
        try:
            apply_tome(model, 'hq')
        except Failure:
            assert state(model) == before, attempt
        else:
            break
    # Of 5 blocks: class, attention's and MixFFN's, three settings; backbone, strategy; the rest.
    assert attempt - 1 == 5 * 3 + 5 * 3 + 2 + 2


class ForwardMiT(mit.MixVisionTransformer):
    def forward(self, x):
        return super().forward(x)


@pytest.mark.parametrize('cfg', ['hq', 'hqq'])
def test_what_is_refused_changes_nothing(cfg):
    model = build()
    if cfg == 'hq':
        model.backbone.__class__ = ForwardMiT
    before = state(model)
    with pytest.raises(ValueError, match=r"backbone, a .*ForwardMiT|did you mean 'hq'"):
        apply_tome(model, cfg)
    assert state(model) == before
