"""Configs in the form in which Segformer++ was published, which need one more line: the import."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401 - registers; the frameworks come after it

# isort: split
from mmpose.registry import MODELS as POSE_MODELS
from mmseg.models.backbones.mit import MixVisionTransformer as Stock
from mmseg.registry import MODELS

from mmseg_tome.models.heatmap_head import SegformerHeatmapHead
from mmseg_tome.strategies import parse_tome_cfg

from .test_configs import attended  # noqa: F401 - a fixture

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMPose's own, many

IMPORT = "custom_imports = dict(imports=['mmseg_tome'], allow_failed_imports=False)\n"

POSE_BASE = """\
_base_ = ['mmpose::_base_/default_runtime.py']
checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b0_20220624-7e0fe6dd.pth'
codec = dict(
    type='MSRAHeatmap', input_size=(480, 640), heatmap_size=(120, 160), sigma=3)
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
        type='MixVisionTransformer',
        in_channels=3,
        embed_dims=32,
        num_stages=4,
        num_layers=[2, 2, 2, 2],
        num_heads=[1, 2, 5, 8],
        patch_sizes=[7, 3, 3, 3],
        sr_ratios=[8, 4, 2, 1],
        out_indices=(0, 1, 2, 3),
        mlp_ratio=4,
        qkv_bias=True,
        drop_rate=0.0,
        attn_drop_rate=0.0,
        drop_path_rate=0.1,
        tome_cfg=[
            dict(q_mode=None, kv_mode=None),
            dict(q_mode=None, kv_mode=None),
            dict(q_mode=None, kv_mode=None),
            dict(q_mode=None, kv_mode=None)
        ]
    ),
    head=dict(
        type='SegformerHead',
        in_channels=[32, 64, 160, 256],
        channels=256,
        num_keypoints=20,
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=codec),
    test_cfg=dict(
        flip_test=True,
        flip_mode='heatmap',
        shift_heatmap=True,
    ))
"""

POSE_B5 = """\
_base_ = ['base.py']
checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b5_20220624-658746d9.pth'
model = dict(
    backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
        embed_dims=64,
        num_layers=[3, 6, 40, 3],
        tome_cfg={tome_cfg}
    ),
    head=dict(in_channels=[64, 128, 320, 512])
)
"""

# Those of B5 are the same for all strategies: one is enough here, and B0 is faster to build.
POSE_B0 = """\
_base_ = ['base.py']
model = dict(backbone=dict(tome_cfg={tome_cfg}))
"""
POSE_DELTAS = {'hq': POSE_B5, 'fast': POSE_B0, 'n2d_2x2': POSE_B0}

SEGMENTATION = """\
_base_ = ['mmseg::segformer/segformer_mit-b2_8xb1-160k_cityscapes-1024x1024.py']
model = dict(
    backbone=dict(
        {setting}
    ),
)
train_dataloader = dict(batch_size=4, num_workers=8)
"""

TOME_CFGS = {
    'hq': """[
            dict(kv_mode='bsm', kv_r=0.6, kv_sx=2, kv_sy=2),
            dict(kv_mode='bsm', kv_r=0.6, kv_sx=2, kv_sy=2),
            dict(q_mode='bsm', q_r=0.8, q_sx=4, q_sy=4),
            dict(q_mode='bsm', q_r=0.8, q_sx=4, q_sy=4)
        ]""",
    'fast': """[
            dict(kv_mode='bsm', kv_r=0.9, kv_sx=4, kv_sy=4),
            dict(kv_mode='bsm', kv_r=0.9, kv_sx=4, kv_sy=4),
            dict(q_mode='bsm', q_r=0.9, q_sx=4, q_sy=4),
            dict(q_mode='bsm', q_r=0.9, q_sx=4, q_sy=4)
        ]""",
    'n2d_2x2': """[
            dict(q_mode='n2d', q_s=(2, 2)),
            dict(q_mode='n2d', q_s=(2, 2)),
            dict(q_mode='n2d', q_s=(2, 2)),
            dict(q_mode='n2d', q_s=(2, 2))
        ]""",
}

# Queries and keys/values per stage for an image of 128x96, worked out by hand. Maps are 32x24,
# 16x12, 8x6 and 4x3, and keys/values lie on 4x3 in all stages. Of N tokens, int(N * r) go.
TOKENS = {
    'none': [(768, 12), (192, 12), (48, 12), (12, 12)],
    'hq': [(768, 5), (192, 5), (48 - 38, 12), (12, 12)],  # a map narrower than a cell: nothing
    'fast': [(768, 12), (192, 12), (48 - 43, 12), (12, 12)],
    'n2d_2x2': [(192, 12), (48, 12), (12, 12), (4, 12)],
}
IMAGE = (128, 96)  # height, width

HEAD_LAYERS = [*(f'convs.{i}' for i in range(4)), 'fusion_conv']
NORM = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
HEAD_NAMES = {
    *(f'{layer}.conv.weight' for layer in HEAD_LAYERS),
    *(f'{layer}.bn.{name}' for layer in HEAD_LAYERS for name in NORM),
    'final_layer.weight',
    'final_layer.bias',
}


def write(folder: Path, text: str, name: str = 'config.py') -> Config:
    (folder / name).write_text(IMPORT + text)
    return Config.fromfile(folder / name)


def tokens_by_stage(counts, layers):
    """Token counts of each stage, after a check that all of its blocks have the same."""
    counts = iter(counts)
    stages = [{next(counts) for _ in range(number)} for number in layers]
    assert all(len(stage) == 1 for stage in stages) and not list(counts)
    return [stage.pop() for stage in stages]


@pytest.mark.parametrize('strategy', TOKENS)
def test_pose(strategy, tmp_path, attended):  # noqa: F811
    cfg = write(tmp_path, POSE_BASE, 'base.py')
    if strategy in POSE_DELTAS:
        cfg = write(tmp_path, POSE_DELTAS[strategy].format(tome_cfg=TOME_CFGS[strategy]))
    settings = cfg.model.backbone
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = revert_sync_batchnorm(POSE_MODELS.build(cfg.model)).eval()
    assert model.backbone.strategy.stages == parse_tome_cfg(strategy).stages
    assert type(model.head) is SegformerHeatmapHead
    assert set(model.head.state_dict()) == HEAD_NAMES

    # A checkpoint with the names of the published ones, which are those of mmseg's backbone.
    ours = ('type', 'tome_cfg', 'init_cfg')
    stock = Stock(**{key: value for key, value in settings.items() if key not in ours})
    weights = {f'backbone.{name}': value for name, value in stock.state_dict().items()}
    weights |= {f'head.{name}': value for name, value in model.head.state_dict().items()}
    torch.save({'state_dict': weights, 'meta': {}}, tmp_path / 'model.pth')
    load_checkpoint(model, str(tmp_path / 'model.pth'), strict=True)

    with torch.no_grad():
        heatmaps = model(torch.randn(1, 3, *IMAGE), None, mode='tensor')
    assert heatmaps.shape == (1, 20, IMAGE[0] // 4, IMAGE[1] // 4)
    assert tokens_by_stage(attended, settings.num_layers) == TOKENS[strategy]


@pytest.mark.parametrize('strategy', [*TOME_CFGS, 'downsample'])
def test_segmentation(strategy, tmp_path):
    setting = f'tome_cfg={TOME_CFGS[strategy]}' if strategy in TOME_CFGS else 'down_sample=True'
    cfg = write(tmp_path, SEGMENTATION.format(setting=setting))
    with DefaultScope.overwrite_default_scope('mmseg'):
        backbone = MODELS.build(cfg.model.backbone)
    expected = parse_tome_cfg(strategy)
    assert (backbone.strategy.stages, backbone.strategy.down_sample) == (
        expected.stages,
        expected.down_sample,
    )
