"""`apply_tome` on pose models with mmseg's backbone: MMPose's heads and estimators are left."""

import copy

import pytest
import torch

pytest.importorskip('mmpose')
import mmseg_tome

# isort: split
from mmengine.registry import DefaultScope
from mmpose.models.heads import HeatmapHead
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import nn

from mmseg_tome.models import MixVisionTransformer
from mmseg_tome.models.heatmap_head import SegformerHeatmapHead
from tests.baselines.stock import relative_difference

from .test_apply_whole import BACKBONE, logged  # noqa: F401 - a fixture

CODEC = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=2)
OURS = dict(
    type='SegformerHead', in_channels=[32, 64, 160, 256], channels=16, num_keypoints=4,
    norm_cfg=dict(type='BN'), decoder=CODEC,
)  # fmt: skip
THEIRS = dict(
    type='HeatmapHead', in_channels=256, out_channels=4, deconv_out_channels=(8,),
    deconv_kernel_sizes=(4,), decoder=CODEC,
)  # fmt: skip


@pytest.mark.parametrize('head', [OURS, THEIRS], ids=['our head', "MMPose's head"])
def test_the_backbone_is_converted(head, logged):  # noqa: F811 - the fixture
    cfg = dict(type='TopdownPoseEstimator', backbone=BACKBONE, head=head)
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(copy.deepcopy(cfg)).eval()
    for parameter in model.head.parameters():
        nn.init.normal_(parameter, std=0.3)
    image = torch.randn(2, 3, 128, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = model(image, None)
        merged = mmseg_tome.apply_tome(model, 'hq')(image, None)
        after = mmseg_tome.apply_tome(model, None)(image, None)
    assert relative_difference(after, before) <= 1e-5
    assert relative_difference(merged, before) > 1e-4
    assert type(model) is TopdownPoseEstimator
    assert type(model.backbone) is MixVisionTransformer
    said = 'apply_tome converted backbone (mmseg.models.backbones.mit.MixVisionTransformer)'
    if head is OURS:
        assert type(model.head) is SegformerHeatmapHead
        assert logged == [said]
    else:
        assert type(model.head) is HeatmapHead
        name = 'mmpose.models.heads.heatmap_heads.heatmap_head.HeatmapHead'
        assert logged == [f'{said}; left as they are: head ({name})']
