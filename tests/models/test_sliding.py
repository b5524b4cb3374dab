"""Sliding windows in batches, against stock's one by one."""

import copy
import subprocess
import sys

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder as StockSegmentor
from mmseg.models.segmentors import SegTTAModel
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_tome import apply_tome
from mmseg_tome.models.sliding import Windows
from tests.baselines.stock import relative_difference
from tests.test_apply_whole import STOCK, build

SLIDE = dict(mode='slide', crop_size=(64, 64), stride=(48, 40))


def make_pair(strategy: str = 'none', **test_cfg) -> tuple[nn.Module, nn.Module]:
    """Ours, and one that differs only in that its windows go through stock's way."""
    preprocess = dict(type='SegDataPreProcessor')
    cfg = {**STOCK, 'test_cfg': {**SLIDE, **test_cfg}, 'data_preprocessor': preprocess}
    ours = apply_tome(build(cfg), strategy)
    with torch.no_grad():  # or one class would be found everywhere
        ours.decode_head.conv_seg.bias -= ours(images(1, 64, 64)).mean((0, 2, 3))
    stock = copy.deepcopy(ours)
    stock.__class__ = StockSegmentor
    return ours, stock


def images(num: int, *size: int) -> torch.Tensor:
    return torch.randn(num, 3, *size, generator=torch.Generator().manual_seed(0))


def metas(inputs: torch.Tensor) -> list[dict]:
    shape = tuple(inputs.shape[2:])
    return [dict(ori_shape=shape, img_shape=shape, pad_shape=shape) for _ in inputs]


@pytest.mark.parametrize('size', [(97, 131), (64, 64), (40, 56), (150, 48), (48, 150)], ids=str)
@pytest.mark.parametrize('num', [1, 3])
@pytest.mark.parametrize(
    'settings',
    [
        dict(),
        dict(window_batch=1),
        dict(window_batch=4),
        dict(window_batch=100, stride=(21, 37)),
        dict(window_batch=2, crop_size=(48, 96), stride=(48, 96)),
        dict(window_batch=3, crop_size=[65, 71], stride=[64, 13]),
    ],
    ids=str,
)
def test_scores_are_those_of_stock(size, num, settings):
    ours, stock = (model.double() for model in make_pair(**settings))
    inputs = images(num, *size).double()
    with torch.no_grad():
        scores = ours.slide_inference(inputs, metas(inputs))
        expected = stock.slide_inference(inputs, metas(inputs))
    assert scores.shape == expected.shape == (num, 5, *size)
    assert relative_difference(scores, expected) <= 1e-12
    assert torch.equal(scores.argmax(1), expected.argmax(1))
    assert len(scores.argmax(1).unique()) > 1


@pytest.mark.parametrize('strategy', ['hq', 'fast', 'n2d_2x2'])
def test_merging_is_done_in_each_window(strategy):
    ours, stock = make_pair(strategy, window_batch=3)
    inputs = images(2, 100, 120)
    with torch.no_grad():
        scores, expected = (m.slide_inference(inputs, metas(inputs)) for m in (ours, stock))
        unmerged = apply_tome(ours, None).slide_inference(inputs, metas(inputs))
    assert relative_difference(scores, expected) <= 1e-5
    assert relative_difference(unmerged, expected) > 1e-3


def test_gradients_flow_as_in_stock():
    gradients = []
    for model in make_pair(window_batch=2):
        inputs = images(1, 80, 90).requires_grad_()
        model.slide_inference(inputs, metas(inputs)).square().sum().backward()
        gradients.append(inputs.grad)
    assert relative_difference(*gradients) <= 1e-5


@pytest.mark.parametrize('wrapped', [False, True], ids=['predict', 'TTA'])
def test_classes_are_those_of_stock(wrapped):
    """From images of two scales, one of them mirrored, to one class map in the original size."""
    found = []
    for model in make_pair(window_batch=3):
        batches = []
        for size, flip in ((90, 101), False), ((70, 78), True):
            meta = dict(
                ori_shape=(90, 101), img_shape=size, pad_shape=size, img_path='', flip=flip,
                flip_direction='horizontal',
            )  # fmt: skip
            sample = SegDataSample(metainfo=meta)
            sample.gt_sem_seg = PixelData(data=torch.zeros(1, 90, 101))
            batches.append((list(images(1, *size)), [sample]))
        data = {
            'inputs': [batch[0] for batch in batches],
            'data_samples': [batch[1] for batch in batches],
        }
        with torch.no_grad():
            if wrapped:
                (sample,) = SegTTAModel(model).test_step(data)
            else:
                (sample,) = model.predict(torch.stack(batches[1][0]), batches[1][1])
        found.append(sample.pred_sem_seg.data.squeeze())
    assert found[0].shape == (90, 101) and len(found[0].unique()) > 1
    assert torch.equal(*found)


@pytest.mark.parametrize(
    ('settings', 'num', 'expected'),
    [
        (dict(window_batch=4), 1, [4, 2]),
        (dict(window_batch=4), 2, [4, 4, 4]),
        (dict(window_batch=1), 1, [1] * 6),
        (dict(), 1, [6]),  # 64 would be allowed
    ],
    ids=str,
)
def test_how_many_go_through_at_once(settings, num, expected):
    model, _ = make_pair(**settings)
    sizes = []
    model.backbone.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0])))
    inputs = images(num, 100, 140)
    known = metas(inputs)
    with torch.no_grad():
        model.slide_inference(inputs, known)
    assert sizes == expected
    assert known == metas(inputs)


@pytest.mark.parametrize(
    ('device', 'crop', 'expected'),
    [
        *(('cpu', 1024, 1), ('cpu', 512, 1), ('cpu', 256, 4)),
        *(('meta', 1024, 4), ('meta', 512, 16), ('meta', 4096, 1)),
    ],
)
def test_default_by_memory(device, crop, expected):
    image = torch.empty(1, 1, 4096, 4096, device=device)
    settings = dict(crop_size=(crop, crop), stride=(crop, crop))
    assert Windows.over(image, settings).batch == expected


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(crop_size=None), r'test_cfg.crop_size = None is not allowed .*\(height, width\)'),
        (dict(stride=48), 'test_cfg.stride = 48 is not allowed'),
        (dict(stride=(0, 48)), r'test_cfg.stride = \(0, 48\) is not allowed'),
        (dict(window_batch=0), 'test_cfg.window_batch = 0 is not allowed: .* at least 1'),
        (dict(window_batch=2.5), r'test_cfg.window_batch = 2.5 is not allowed'),
        (dict(window_batch=True), r'test_cfg.window_batch = True is not allowed'),
        (dict(stride=(48, 70)), r'stride = \(48, 70\) is larger than crop_size = \(64, 64\)'),
    ],
    ids=str,
)
def test_what_is_not_allowed_is_said(settings, message):
    model, _ = make_pair()
    model.test_cfg = ConfigDict({**model.test_cfg, **settings})
    inputs = images(1, 150, 150)
    with pytest.raises(ValueError, match=message):
        model.slide_inference(inputs, metas(inputs))


PEAK = """
import resource, sys, warnings
warnings.simplefilter('ignore')
import torch
import mmseg_tome
from mmseg.models.segmentors import EncoderDecoder as Stock
from mmseg_tome.models.segmentor import EncoderDecoder as Ours

cls = {'ours': Ours, 'stock': Stock}[sys.argv[1]]

class Cheap(cls):
    out_channels = 19
    def __init__(self):
        torch.nn.Module.__init__(self)
        self.test_cfg = Settings(crop_size=(1024, 1024), stride=(768, 768), window_batch=2)
    def encode_decode(self, inputs, metas):
        return inputs.new_ones(len(inputs), 19, *inputs.shape[2:])

class Settings(dict):
    __getattr__ = dict.__getitem__

model = Cheap()
model.slide_inference(torch.ones(1, 3, 64, 64), [{}])  # loads what PyTorch loads at first use
image = torch.ones(1, 3, 2160, 3840)
pages = int(open('/proc/self/statm').read().split()[1])  # now; the peak so far may be higher
scores = model.slide_inference(image, [{}])
# Not by getrusage, which knows the peak of the process that this one was forked from.
peak = int(next(line for line in open('/proc/self/status') if 'VmHWM' in line).split()[1])
print(peak / 2**10 - pages * resource.getpagesize() / 2**20)
assert scores.min() == scores.max() == 1
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_the_peak_of_a_4k_image_is_the_result_and_one_batch():
    peaks = {}
    for which in ('ours', 'stock'):
        done = subprocess.run(
            [sys.executable, '-c', PEAK, which], capture_output=True, text=True, check=True
        )
        peaks[which] = float(done.stdout.split()[-1])
    result, window = 19 * 2160 * 3840 * 4 / 2**20, 19 * 1024**2 * 4 / 2**20
    # Two windows, and as much room for crops, counts and what the allocator keeps of them; not so
    # much that the last batch could still be there when the next one comes.
    assert result < peaks['ours'] < result + 3.9 * window
    assert peaks['stock'] > 1.9 * result  # the measurement does see it
