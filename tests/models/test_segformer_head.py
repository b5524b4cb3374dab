"""Against the stock head."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.models.decode_heads import SegformerHead as Stock
from mmseg.registry import MODELS
from torch.nn import functional as F

from mmseg_tome.models.segformer_head import SegformerHead
from mmseg_tome.ops import head as head_op
from tests.baselines.stock import plain_fusion, relative_difference

SETTINGS = dict(
    in_channels=[8, 16, 24, 32],
    in_index=[0, 1, 2, 3],
    channels=12,
    num_classes=5,
    dropout_ratio=0.0,
    norm_cfg=dict(type='BN'),
)


def make_heads(**changes):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    stock = Stock(**{**SETTINGS, **changes})
    for parameter in stock.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    for name, buffer in stock.named_buffers():
        if 'running' in name:
            buffer.uniform_(0.5, 1.5)
    ours = SegformerHead(**{**SETTINGS, **changes})
    ours.load_state_dict(stock.state_dict())
    return stock, ours


def maps():
    torch.manual_seed(1)
    sizes = [(17, 25), (9, 13), (5, 7), (3, 4)]
    return [torch.randn(2, c, *s) for c, s in zip(SETTINGS['in_channels'], sizes, strict=True)]


def test_the_registry_builds_it():
    assert MODELS.get('SegformerHead') is SegformerHead
    assert MODELS.get('ToMeSegformerHead') is SegformerHead


variants = pytest.mark.parametrize(
    'changes',
    [{}, {'align_corners': True}, {'interpolate_mode': 'nearest'}, {'norm_cfg': None}],
    ids=str,
)


@variants
def test_inference_in_row_tiles_equals_stock(fast_paths, monkeypatch, changes):
    if changes.get('interpolate_mode') == 'nearest':
        changes = {**changes, 'align_corners': None}
    calls = []
    in_tiles = head_op.fusion_head_in_row_tiles
    monkeypatch.setattr(
        head_op, 'fusion_head_in_row_tiles', lambda *a: (calls.append(1), in_tiles(*a))[1]
    )
    stock, ours = (head.eval() for head in make_heads(**changes))
    with torch.inference_mode():
        assert relative_difference(ours(maps()), stock(maps())) <= 1e-6
        assert calls == [1]
        if changes.get('norm_cfg', True):
            ours.train()(maps())
            assert calls == [1], 'batch statistics cannot be folded'


def test_an_activation_other_than_relu_is_not_done_in_row_tiles():
    stock, ours = (head.eval() for head in make_heads(act_cfg=dict(type='GELU')))
    with torch.inference_mode():
        assert relative_difference(ours(maps()), stock(maps())) <= 1e-6


def test_dropout_is_honored_in_training_alone():
    _, ours = make_heads(dropout_ratio=0.5)
    levels = maps()
    assert not torch.equal(ours(levels), ours(levels))
    ours.eval()
    assert torch.equal(ours(levels), ours(levels))


@pytest.mark.parametrize('training', [False, True])
@variants
def test_equals_stock(changes, training):
    if changes.get('interpolate_mode') == 'nearest':
        changes = {**changes, 'align_corners': None}
    stock, ours = make_heads(**changes)
    assert list(ours.state_dict()) == list(stock.state_dict())
    gradients = []
    outs = []
    for head in (ours, stock):
        head.train(training)
        outs.append(head(maps()))
        outs[-1].square().sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in head.parameters()]))
    assert relative_difference(*outs) <= 1e-5
    assert relative_difference(*gradients) <= 1e-5
    for ours_buffer, buffer in zip(ours.buffers(), stock.buffers(), strict=True):
        torch.testing.assert_close(ours_buffer, buffer)


@pytest.mark.parametrize('training', [False, True])
def test_bare_projections_are_linears(fast_paths, monkeypatch, training):
    """Equal to the layers called one after the other, and in row tiles in inference."""
    calls = []
    in_tiles = head_op.fusion_head_in_row_tiles
    monkeypatch.setattr(
        head_op, 'fusion_head_in_row_tiles', lambda *a: (calls.append(1), in_tiles(*a))[1]
    )
    init_default_scope('mmseg')
    head = SegformerHead(bare_projections=True, **SETTINGS).train(training)
    assert {name for name in head.state_dict() if name.startswith('convs.1.')} == {
        'convs.1.conv.weight',
        'convs.1.conv.bias',
    }
    with torch.inference_mode(not training):
        actual = head(maps())
        assert calls == ([] if training else [1])
        expected = head.conv_seg(plain_fusion(head, maps()))
        assert relative_difference(actual, expected) <= 1e-5


class TestResizeOnce:
    META = dict(ori_shape=(51, 83), img_shape=(64, 96), pad_shape=(64, 96))

    def predict(self, *metas, **test_cfg):
        _, head = make_heads()
        head.eval()
        levels = [level[: len(metas)] for level in maps()]
        with torch.no_grad():
            return head(levels), head.predict(levels, list(metas), test_cfg)

    def test_scores_go_straight_to_the_picture(self):
        scores, predicted = self.predict(self.META, self.META, mode='whole', resize_once=True)
        expected = F.interpolate(scores, (51, 83), mode='bilinear')
        torch.testing.assert_close(predicted, expected)

    def test_is_off_by_default(self):
        scores, predicted = self.predict(self.META, mode='whole')
        torch.testing.assert_close(predicted, F.interpolate(scores, (64, 96), mode='bilinear'))

    @pytest.mark.parametrize(
        ('metas', 'mode', 'said'),
        [
            ([META], 'slide', "allowed with mode = 'whole' alone, not with 'slide'"),
            ([META, dict(META, ori_shape=(5, 5))], 'whole', r'\[\(5, 5\), \(51, 83\)\]'),
            ([dict(META, padding_size=[0, 3, 0, 0])], 'whole', 'without padding'),
        ],
        ids=['slide', 'sizes', 'padding'],
    )
    def test_what_it_cannot_do_is_an_error(self, metas, mode, said):
        with pytest.raises(ValueError, match=said):
            self.predict(*metas, mode=mode, resize_once=True)


def test_levels_that_do_not_fit_are_refused_as_stock_does():
    for head in (Stock, SegformerHead):
        with pytest.raises(AssertionError):
            head(**{**SETTINGS, 'in_index': [0, 1]})
    for head in make_heads():
        with pytest.raises(IndexError):
            head(maps()[:3])
