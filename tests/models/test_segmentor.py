"""Against the stock segmentor."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.models.segmentors import EncoderDecoder as Stock
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_tome.models.segmentor import EncoderDecoder


def make(cls: type, num_classes: int) -> torch.nn.Module:
    head = dict(
        type='FCNHead', in_channels=4, channels=4, num_classes=num_classes, num_convs=0,
        concat_input=False, in_index=0, norm_cfg=dict(type='BN'),
        **({'out_channels': 1, 'threshold': 0.3} if num_classes == 2 else {}),
    )  # fmt: skip
    backbone = dict(type='ResNet', depth=18, num_stages=1, out_indices=(0,), strides=(1,),
                    dilations=(1,))  # fmt: skip
    with DefaultScope.overwrite_default_scope('mmseg'):
        return cls(backbone=backbone, decode_head=head, test_cfg=dict(mode='whole')).eval()


def samples(num: int, **meta) -> list[SegDataSample]:
    return [SegDataSample(metainfo=meta) for _ in range(num)]


@pytest.mark.parametrize(
    'meta',
    [
        dict(ori_shape=(40, 56)),
        dict(ori_shape=(61, 83)),
        dict(ori_shape=(40, 50), padding_size=[2, 4, 0, 0]),
        dict(ori_shape=(33, 56), img_padding_size=[0, 0, 3, 4], padding_size=[9, 9, 9, 9]),
        dict(ori_shape=(40, 56), flip=True, flip_direction='horizontal'),
        dict(ori_shape=(20, 28), flip=True, flip_direction='vertical'),
        dict(ori_shape=(40, 56), flip=False, flip_direction=None),
        None,
    ],
    ids=str,
)
@pytest.mark.parametrize('num_classes', [2, 5], ids=['binary', 'five classes'])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last], ids=str)
def test_predictions_are_those_of_stock(meta, num_classes, layout):
    torch.manual_seed(0)
    scores = torch.randn(2, 1 if num_classes == 2 else num_classes, 40, 56)
    scores = scores.contiguous(memory_format=layout)
    scores[:, :, :9] = scores[:, :1, :9]  # ties
    results = [
        make(cls, num_classes).postprocess_result(scores.clone(), meta and samples(2, **meta))
        for cls in (EncoderDecoder, Stock)
    ]
    for ours, stock in zip(*results, strict=True):
        assert torch.equal(ours.seg_logits.data, stock.seg_logits.data)
        assert torch.equal(ours.pred_sem_seg.data, stock.pred_sem_seg.data)
        assert ours.pred_sem_seg.data.dtype == stock.pred_sem_seg.data.dtype
        assert ours.metainfo == stock.metainfo


def test_scores_of_the_right_size_are_not_resized(monkeypatch):
    calls = []
    monkeypatch.setattr('mmseg_tome.models.segmentor.F.interpolate', calls.append)
    model = make(EncoderDecoder, 5)
    model.postprocess_result(torch.randn(1, 5, 8, 8), samples(1, ori_shape=(8, 8)))
    assert not calls


def test_the_registry_builds_it():
    assert MODELS.get('EncoderDecoder') is EncoderDecoder
    assert issubclass(EncoderDecoder, Stock)
