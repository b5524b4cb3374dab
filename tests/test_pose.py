"""Whole pose models: against one of stock modules and tomesd, switched, and as users infer."""

import copy
import types
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')
import mmseg_tome

# isort: split
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from mmseg.models.backbones.mit import MixVisionTransformer as Stock

from tests.baselines.stock import make_pair, plain_fusion, relative_difference, stock_with_tomesd

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMPose's own, many

CONFIG = (
    Path(__file__).resolve().parents[1]
    / 'configs/athletes/segformer_mit-b0_hq_1xb8-6e_athletes-192x256.py'
)
K = 20
SIZE = (128, 160)  # width and height of the input
CODEC = dict(type='MSRAHeatmap', input_size=SIZE, heatmap_size=(32, 40), sigma=2)
STRATEGIES = ['none', 'hq', 'fast', 'n2d_2x2']


@pytest.fixture(autouse=True)
def mmpose_scope():
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


def make_models(strategy):
    """Ours, and one of mmseg's stock backbone, tomesd and a plain head, with the same weights."""
    cfg = Config.fromfile(CONFIG).model
    cfg.head.update(decoder=CODEC, channels=32, norm_cfg=dict(type='BN'))
    cfg.backbone.update(tome_cfg=strategy)
    torch.manual_seed(0)
    ours = MODELS.build(cfg)
    for parameter in ours.head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    reference = copy.deepcopy(ours)
    stock, ours.backbone = make_pair(tome_cfg=strategy)
    if strategy != 'none':
        stock = stock_with_tomesd(stock, strategy)
    assert type(stock) is Stock
    reference.backbone = stock

    def forward(self, levels):
        return self.final_layer(plain_fusion(self, levels))

    reference.head.forward = types.MethodType(forward, reference.head)
    # In fp64, where no near-tie of two similarities can turn around by rounding.
    return ours.double(), reference.double()


def make_batch():
    """Two images in fp64, and their data samples with targets."""
    rng = np.random.default_rng(0)
    codec = KEYPOINT_CODECS.build(CODEC)
    samples = []
    for _ in range(2):
        keypoints = rng.uniform((0, 0), SIZE, (1, K, 2)).astype(np.float32)
        target = codec.encode(keypoints, np.ones((1, K), np.float32))
        samples.append(
            PoseDataSample(
                metainfo=dict(
                    flip_indices=list(range(K))[::-1],
                    input_center=np.array([60.0, 80.0]),
                    input_scale=np.array([120.0, 150.0]),
                    input_size=SIZE,
                ),
                gt_instances=InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)),
                gt_fields=PixelData(heatmaps=torch.from_numpy(target['heatmaps']).double()),
                gt_instance_labels=InstanceData(
                    keypoint_weights=torch.from_numpy(target['keypoint_weights']).double()
                ),
            )
        )
    torch.manual_seed(1)
    return torch.randn(2, 3, *SIZE[::-1], dtype=torch.double), samples


@pytest.mark.parametrize('strategy', STRATEGIES)
def test_equals_stock_with_tomesd(strategy):
    ours, reference = make_models(strategy)
    image, samples = make_batch()
    found = []
    for model in (ours, reference):
        with torch.no_grad():
            heatmaps = model.eval()(image, None, mode='tensor')
            people = model(image, copy.deepcopy(samples), mode='predict')
        losses = model.train()(image, samples, mode='loss')
        losses['loss_kpt'].backward()
        found.append((heatmaps, people, losses))
    (heatmaps, people, losses), (expected, expected_people, expected_losses) = found
    assert relative_difference(heatmaps, expected) <= 1e-9
    for person, other in zip(people, expected_people, strict=True):
        for field in ('keypoints', 'keypoint_scores'):
            values, others = person.pred_instances[field], other.pred_instances[field]
            np.testing.assert_allclose(values, others, rtol=1e-6)
    assert losses.keys() == expected_losses.keys() == {'loss_kpt', 'acc_pose'}
    for key, value in losses.items():
        torch.testing.assert_close(value, expected_losses[key])
    gradients = {name: p.grad for name, p in reference.named_parameters()}
    whole = torch.cat([gradient.flatten() for gradient in gradients.values()]).norm()
    for name, parameter in ours.named_parameters():
        # Where the next norm takes a bias away, its gradient is zero but for rounding.
        tolerance = 1e-8 * gradients[name].norm() + 1e-12 * whole
        assert (parameter.grad - gradients[name]).norm() <= tolerance, name


@pytest.mark.parametrize('strategy', STRATEGIES[1:])
def test_merging_changes_the_heatmaps_and_apply_tome_does_the_same(strategy):
    built, _ = make_models(strategy)
    switched, stock = make_models('none')
    image, _ = make_batch()
    with torch.no_grad():
        unmerged = switched.eval()(image, None, mode='tensor')
        merged = built.eval()(image, None, mode='tensor')
        assert relative_difference(merged, unmerged) > 1e-3
        for model in (switched, stock):  # ours, and one with mmseg's stock backbone
            assert mmseg_tome.apply_tome(model, strategy) is model
            found = model.eval()(image, None, mode='tensor')
            assert relative_difference(found, merged) <= 1e-9
        mmseg_tome.apply_tome(switched, None)
        assert torch.equal(switched(image, None, mode='tensor'), unmerged)


@pytest.mark.parametrize('strategy', STRATEGIES)
def test_autocast_to_bfloat16(strategy):
    model = make_models(strategy)[0].float()
    image, samples = make_batch()
    for sample in samples:
        sample.gt_fields.heatmaps = sample.gt_fields.heatmaps.float()
    image = image.float()
    expected = model(image, samples, mode='loss')['loss_kpt'].item()
    model.zero_grad()
    with torch.autocast('cpu', torch.bfloat16):
        loss = model(image, samples, mode='loss')['loss_kpt']
    assert 1e-6 < abs(loss.item() / expected - 1) < 0.05  # half precision was used
    loss.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        people = model.eval()(image, samples, mode='predict')
    for person in people:
        assert np.isfinite(person.pred_instances.keypoints).all()


# As users infer: a config, a checkpoint and an image, all of them files.


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """The paths of a checkpoint with random weights, and of an image."""
    folder = tmp_path_factory.mktemp('pose')
    with DefaultScope.overwrite_default_scope('mmpose'):
        torch.manual_seed(0)
        model = MODELS.build(Config.fromfile(CONFIG).model)
    for parameter in model.head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'model.pth')
    image = np.random.default_rng(0).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / 'image.png'), image)
    return str(folder / 'model.pth'), str(folder / 'image.png')


def test_inference_topdown(files):
    checkpoint, image = files
    model = init_model(str(CONFIG), checkpoint, device='cpu')
    assert model.backbone.strategy.name == 'hq'
    assert model.dataset_meta['dataset_name'] == 'jbd'
    boxes = np.array([[10, 20, 90, 150], [200, 30, 300, 170]])
    people = inference_topdown(model, image, boxes)
    assert len(people) == 2
    for person, box in zip(people, boxes, strict=True):
        keypoints = person.pred_instances.keypoints
        assert keypoints.shape == (1, K, 2)
        # In the image's coordinates, within the box as it is widened: by 1.25, to 3:4. A keypoint
        # that is not found lies a pixel of the heatmap outside.
        center, size = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * 1.25
        size = np.maximum(size, size[::-1] * [3 / 4, 4 / 3])
        assert (np.abs(keypoints - center) <= size / 2 + size / [48, 64]).all()
        assert (np.ptp(keypoints[0], axis=0) > size / 4).all()
    # Of the whole image, where no box is given.
    (whole,) = inference_topdown(model, image)
    scores = whole.pred_instances.keypoint_scores

    mmseg_tome.apply_tome(model, None)
    (unmerged,) = inference_topdown(model, image)
    assert np.isfinite(scores).all()
    assert not np.allclose(unmerged.pred_instances.keypoint_scores, scores, rtol=1e-4)


def test_mmpose_inferencer_draws_a_picture(files, tmp_path):
    checkpoint, image = files
    inferencer = MMPoseInferencer(
        pose2d=str(CONFIG), pose2d_weights=checkpoint, det_model='whole_image', device='cpu'
    )
    (result,) = inferencer(image, vis_out_dir=str(tmp_path), draw_heatmap=True, kpt_thr=-1e9)
    ((person,),) = result['predictions']

    model = init_model(str(CONFIG), checkpoint, device='cpu')
    (expected,) = inference_topdown(model, image)
    np.testing.assert_allclose(person['keypoints'], expected.pred_instances.keypoints[0], atol=1e-3)

    (picture,) = tmp_path.glob('*')
    drawn, original = cv2.imread(str(picture)), cv2.imread(image)
    assert drawn.shape[1] == original.shape[1]
    assert (drawn[: original.shape[0]] != original).any()
