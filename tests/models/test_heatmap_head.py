"""The head for pose: against a plain one, and with mmpose's losses and codecs."""

import copy

import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')
import mmseg_tome

# isort: split
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample

from mmseg_tome.models.heatmap_head import SegformerHeatmapHead
from tests.baselines.stock import plain_fusion, relative_difference

CHANNELS = [8, 16, 24, 32]
K = 3
SIZE = (64, 96)  # of the input: width, height; heatmaps are a quarter of it
HEATMAP = (16, 24)
FLIP_INDICES = [0, 2, 1]


@pytest.fixture(autouse=True)
def mmpose_scope():
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


def codec(kind='MSRAHeatmap', **options):
    return dict(type=kind, input_size=SIZE, heatmap_size=HEATMAP, **options)


MSRA = codec(sigma=2)


def make_head(**changes):
    settings = dict(
        type='SegformerHead',
        in_channels=CHANNELS,
        channels=12,
        num_keypoints=K,
        norm_cfg=dict(type='BN'),
        decoder=MSRA,
    )
    torch.manual_seed(0)
    head = MODELS.build({**settings, **changes})
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    for name, buffer in head.named_buffers():
        if 'running' in name:
            buffer.uniform_(0.5, 1.5)
    return head


def maps(size=HEATMAP, batch=2):
    torch.manual_seed(1)
    width, height = size
    return [
        torch.randn(batch, c, -(-height // 2**i), -(-width // 2**i)) for i, c in enumerate(CHANNELS)
    ]


def samples(keypoints, decoder=MSRA, visible=None):
    """Data samples of keypoints ``[B, K, 2]`` with the targets that the codec makes of them."""
    encoder = KEYPOINT_CODECS.build(decoder)
    visible = np.ones(keypoints.shape[:2], np.float32) if visible is None else visible
    made = []
    for points, seen in zip(keypoints, visible, strict=True):
        encoded = encoder.encode(points[None], seen[None])
        made.append(
            PoseDataSample(
                metainfo=dict(flip_indices=FLIP_INDICES),
                gt_fields=PixelData(heatmaps=torch.from_numpy(encoded['heatmaps'])),
                gt_instance_labels=InstanceData(
                    keypoint_weights=torch.from_numpy(encoded['keypoint_weights'])
                ),
            )
        )
    return made


KEYPOINTS = np.array(
    [[[10, 20], [30, 40], [50, 70]], [[8, 80], [44, 12], [32, 48]]], dtype=np.float32
)


def plain_forward(head, levels):
    return head.final_layer(plain_fusion(head, levels))


def test_names_in_the_registry():
    from mmseg.registry import MODELS as MMSEG_MODELS

    assert MODELS.get('SegformerHead') is SegformerHeatmapHead
    assert MODELS.get('SegformerHeatmapHead') is SegformerHeatmapHead
    assert MODELS.get('mmpose.SegformerHead') is SegformerHeatmapHead
    assert not issubclass(MMSEG_MODELS.get('mmseg.SegformerHead'), HeatmapHead)
    assert isinstance(make_head(), HeatmapHead)


def test_published_arguments_and_parameter_names():
    head = MODELS.build(
        dict(
            type='SegformerHead',
            in_channels=[64, 128, 320, 512],
            channels=256,
            num_keypoints=17,
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=dict(type='MSRAHeatmap', input_size=(288, 384), heatmap_size=(72, 96), sigma=3),
            interpolate_mode='bilinear',
        )
    )
    layers = [f'convs.{i}' for i in range(4)] + ['fusion_conv']
    norm = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    expected = {'final_layer.weight', 'final_layer.bias'}
    for layer in layers:
        expected |= {f'{layer}.conv.weight', *(f'{layer}.bn.{name}' for name in norm)}
    assert set(head.state_dict()) == expected
    assert isinstance(head.fusion_conv.bn, torch.nn.SyncBatchNorm)
    assert isinstance(head.fusion_conv.activate, torch.nn.ReLU)
    assert head.convs[2].conv.weight.shape == (256, 320, 1, 1)
    assert head.fusion_conv.conv.weight.shape == (256, 1024, 1, 1)
    assert head.final_layer.weight.shape == (17, 256, 1, 1)
    # As a checkpoint stores it: without the versions of modules.
    head.load_state_dict(dict(head.state_dict()))


def test_initialization():
    head = make_head(channels=64)
    head.init_weights()
    for layer in (*head.convs, head.fusion_conv):
        assert layer.conv.weight.std().item() == pytest.approx(0.001, rel=0.1)
        assert (layer.bn.weight == 1).all()
    assert head.final_layer.weight.std().item() == pytest.approx(0.001, rel=0.2)
    assert (head.final_layer.bias == 0).all()


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'interpolate_mode': 'nearest'},
        {'norm_cfg': None},
        {'norm_cfg': {'type': 'GN', 'num_groups': 4}},
    ],
    ids=str,
)
@pytest.mark.parametrize('size', [HEATMAP, (13, 21)], ids=str)
def test_equals_the_plain_head(changes, training, size):
    head = make_head(**changes).train(training)
    reference = copy.deepcopy(head)
    out, expected = head(maps(size)), plain_forward(reference, maps(size))
    assert out.shape == (2, K, size[1], size[0])
    assert relative_difference(out, expected) <= 1e-5
    out.square().sum().backward()
    expected.square().sum().backward()
    for (name, p), q in zip(head.named_parameters(), reference.parameters(), strict=True):
        # In training the norm takes a convolution's bias away: its gradient is rounding alone.
        scale = max(q.grad.norm().item(), 1e-3)
        assert (p.grad - q.grad).norm().item() <= 1e-4 * scale, name
    for buffer, expected in zip(head.buffers(), reference.buffers(), strict=True):
        torch.testing.assert_close(buffer, expected)
    with torch.no_grad():  # where inference takes a path of its own
        head.eval()
        assert relative_difference(head(maps(size)), plain_forward(head, maps(size))) <= 1e-5


CODECS = {
    'MSRA': MSRA,
    'MSRA unbiased': codec(sigma=2, unbiased=True),
    'UDP': codec('UDPHeatmap', sigma=2),
    'UDP combined': codec('UDPHeatmap', sigma=2, heatmap_type='combined'),
    'Megvii': codec('MegviiHeatmap', kernel_size=5),
}
LOSSES = {
    'UDP combined': dict(type='CombinedTargetMSELoss', use_target_weight=True),
}


def with_codec(name, **changes):
    loss = LOSSES.get(name, dict(type='KeypointMSELoss', use_target_weight=True))
    return make_head(decoder=CODECS[name], loss=loss, **changes)


@pytest.mark.parametrize('name', CODECS)
def test_predict_finds_the_keypoints_that_the_codec_encoded(name, monkeypatch):
    head = with_codec(name).eval()
    truth = samples(KEYPOINTS, CODECS[name])
    targets = torch.stack([sample.gt_fields.heatmaps for sample in truth])
    monkeypatch.setattr(head, 'forward', lambda feats: targets)
    for instance, keypoints in zip(head.predict(maps(), truth), KEYPOINTS, strict=True):
        assert instance.keypoints.shape == (1, K, 2)
        # A pixel of the heatmap is four of the input.
        assert np.abs(instance.keypoints[0] - keypoints).max() <= 4.0


@pytest.mark.parametrize('name', CODECS)
def test_trains_with_every_codec(name):
    head = with_codec(name).train()
    truth = samples(KEYPOINTS, CODECS[name])
    # mmpose measures accuracy on plain heatmaps only, and its configs say so in this way.
    train_cfg = dict(compute_acc=False) if name == 'UDP combined' else {}
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.05)
    losses = []
    for _ in range(40):
        found = head.loss(maps(), truth, train_cfg)
        losses.append(found['loss_kpt'].item())
        optimizer.zero_grad()
        found['loss_kpt'].backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]
    assert ('acc_pose' in found) is (name != 'UDP combined')


@pytest.mark.parametrize(
    'loss',
    [
        dict(type='KeypointMSELoss', use_target_weight=True),
        dict(type='KeypointMSELoss'),
        dict(type='KeypointOHKMMSELoss', use_target_weight=True, topk=2),
        dict(type='AdaptiveWingLoss', use_target_weight=True),
        dict(type='FocalHeatmapLoss'),
    ],
    ids=lambda loss: loss['type'],
)
def test_loss_and_accuracy_are_those_of_mmpose(loss):
    """mmpose's own head, whose only layer is ours: the maps before it are the same."""
    head = make_head(loss=loss)
    stock = HeatmapHead(12, K, deconv_out_channels=None, loss=loss, decoder=MSRA)
    stock.final_layer = head.final_layer
    visible = np.array([[1, 1, 0], [1, 0, 1]], np.float32)
    truth = samples(KEYPOINTS, visible=visible)
    levels = maps()
    with torch.no_grad():
        if loss['type'] == 'FocalHeatmapLoss':  # it takes probabilities
            head.final_layer.weight.mul_(0.01)
            head.final_layer.bias.fill_(0.5)
        head.eval()
        fused = plain_fusion(head, levels)
        ours, theirs = head.loss(levels, truth), stock.loss([fused], truth)
    assert ours.keys() == theirs.keys() == {'loss_kpt', 'acc_pose'}
    for key in ours:
        torch.testing.assert_close(ours[key], theirs[key])


@pytest.mark.parametrize('name', CODECS)
def test_flip_test_and_output_heatmaps(name):
    head = with_codec(name).eval()
    truth = samples(KEYPOINTS, CODECS[name])
    combined = name == 'UDP combined'
    feats, flipped = maps(), [level.flip(-1) for level in maps()]
    test_cfg = dict(
        flip_test=True,
        flip_mode='udp_combined' if combined else 'heatmap',
        shift_heatmap=False,
        output_heatmaps=True,
    )
    with torch.no_grad():
        _, (first, second) = head.predict([feats, flipped], truth, test_cfg)
        unflipped = head(feats)
        mirrored = head(flipped).flip(-1).unflatten(1, (K, -1))[:, FLIP_INDICES]
        if combined:
            mirrored[:, :, 1] *= -1  # offsets in x
        expected = (unflipped + mirrored.flatten(1, 2)) / 2
    assert relative_difference(torch.stack([first.heatmaps, second.heatmaps]), expected) <= 1e-5

    with torch.no_grad():
        _, shifted = head.predict([feats, flipped], truth, {**test_cfg, 'shift_heatmap': True})
    moved = mirrored.flatten(1, 2).clone()
    moved[..., 1:] = mirrored.flatten(1, 2)[..., :-1]
    expected = (unflipped + moved) / 2
    assert relative_difference(torch.stack([s.heatmaps for s in shifted]), expected) <= 1e-5


@pytest.mark.parametrize('name', CODECS)
def test_autocast_to_bfloat16(name):
    head = with_codec(name).train()
    truth = samples(KEYPOINTS, CODECS[name])
    train_cfg = dict(compute_acc=name != 'UDP combined')
    expected = head(maps())
    with torch.autocast('cpu', torch.bfloat16):
        out = head(maps())
        loss = head.loss(maps(), truth, train_cfg)['loss_kpt']
        with torch.no_grad():
            instances = head.eval().predict(maps(), truth)
    assert out.dtype == loss.dtype == torch.float32
    error = relative_difference(out, expected)
    assert 1e-5 < error < 0.03  # half precision was used
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters() if p.grad is not None)
    assert all(np.isfinite(instance.keypoints).all() for instance in instances)


def test_other_precisions():
    head = make_head().eval()
    expected = head(maps())
    double = head.double()([level.double() for level in maps()])
    assert double.dtype == torch.float64
    assert relative_difference(expected, double) < 1e-5
    half = head.bfloat16()([level.bfloat16() for level in maps()])
    assert half.dtype == torch.float32
    assert relative_difference(half, double) < 0.03


# Heatmaps of a size that the codec does not expect.

HALVED = (8, 12)


def test_heatmaps_of_the_wrong_size_are_refused():
    head = make_head()
    truth = samples(KEYPOINTS)
    message = r"heatmaps are 8x12.*heatmap_size = \(16, 24\).*'downsample'.*\(8, 12\)"
    with pytest.raises(ValueError, match=message):
        head.loss(maps(HALVED), truth)
    with pytest.raises(ValueError, match=message):
        head.predict(maps(HALVED), truth)
    with pytest.raises(ValueError, match=message):
        head.predict([maps(HALVED)] * 2, truth, dict(flip_test=True))
    assert head(maps(HALVED)).shape[2:] == (12, 8)  # a forward alone decodes nothing


def test_a_codec_that_fits_is_not_refused():
    decoder = dict(type='MSRAHeatmap', input_size=SIZE, heatmap_size=HALVED, sigma=1)
    head = make_head(decoder=decoder)
    head.loss(maps(HALVED), samples(KEYPOINTS, decoder))['loss_kpt'].backward()
    assert len(head.eval().predict(maps(HALVED), samples(KEYPOINTS, decoder))) == 2


@pytest.mark.parametrize('heatmap_size', [HEATMAP, HALVED])
def test_downsample_of_a_built_model(heatmap_size):
    decoder = dict(type='MSRAHeatmap', input_size=SIZE, heatmap_size=heatmap_size, sigma=1)
    model = MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(
                type='MixVisionTransformer',
                embed_dims=8,
                num_layers=[1, 1, 1, 1],
                num_heads=[1, 2, 3, 4],
            ),
            head=dict(
                type='SegformerHead',
                in_channels=CHANNELS,
                channels=12,
                num_keypoints=K,
                norm_cfg=dict(type='BN'),
                decoder=decoder,
            ),
        )
    ).eval()
    mmseg_tome.apply_tome(model, 'downsample')
    image, truth = torch.zeros(2, 3, *SIZE[::-1]), samples(KEYPOINTS, decoder)
    for sample in truth:
        sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
        sample.set_metainfo(dict(input_center=np.zeros(2), input_scale=np.ones(2), input_size=SIZE))
    if heatmap_size == HALVED:
        assert 'loss_kpt' in model(image, truth, mode='loss')
        assert len(model(image, truth, mode='predict')) == 2
        return
    for mode in ('loss', 'predict'):
        with pytest.raises(ValueError, match=r"8x12.*\(16, 24\).*'downsample'"):
            model(image, truth, mode=mode)
    mmseg_tome.apply_tome(model, 'hq')
    assert len(model(image, truth, mode='predict')) == 2
