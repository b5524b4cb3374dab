"""Small models with random weights, under which maps of tokens vary."""

import copy

import torch
from mmengine.registry import DefaultScope
from torch import nn

from tests.analysis.tiny_segmentor import CONFIG


def tiny_segmentor(tome_cfg=None, **head) -> nn.Module:
    """A segmentor of mmseg with a few thousand weights, in eval mode."""
    from mmengine.config import Config
    from mmseg.registry import MODELS

    model = copy.deepcopy(Config.fromstring(CONFIG, '.py').model)
    model.backbone.tome_cfg = tome_cfg
    model.decode_head.update(head)
    with DefaultScope.overwrite_default_scope('mmseg'):
        built = MODELS.build(model)
    return _drawn(built)


def tiny_estimator(tome_cfg=None, **head) -> nn.Module:
    """A pose estimator of mmpose with a few thousand weights, in eval mode."""
    from mmpose.registry import MODELS

    codec = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=2)
    model = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor', mean=[120.0] * 3, std=[60.0] * 3, bgr_to_rgb=True
        ),
        backbone=dict(
            type='MixVisionTransformer',
            embed_dims=4,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 2, 3, 4],
            mlp_ratio=2,
            tome_cfg=tome_cfg,
        ),
        head=dict(
            type='SegformerHeatmapHead',
            in_channels=[4, 8, 12, 16],
            channels=8,
            num_keypoints=5,
            norm_cfg=dict(type='BN'),
            decoder=codec,
        )
        | head,
    )
    with DefaultScope.overwrite_default_scope('mmpose'):
        built = MODELS.build(model)
    return _drawn(built)


def _drawn(model: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=2 / parameter[0].numel() ** 0.5)
        elif 'bias' in name:
            nn.init.normal_(parameter, std=0.1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after training
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model.eval()


def picture(height: int, width: int, batch: int = 1, seed: int = 0) -> torch.Tensor:
    """Pictures as they are read, ``[B, H, W, 3]`` in uint8, smooth as photos are."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(batch, 3, height // 8 + 2, width // 8 + 2, generator=generator)
    smooth = nn.functional.interpolate(coarse, (height, width), mode='bicubic').clamp(0, 1)
    return (255 * smooth).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def normalized(model: nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """What the model's own preprocessor makes of pictures."""
    inputs = [each.permute(2, 0, 1) for each in pictures]
    data = (
        {'inputs': inputs}
        if hasattr(model, 'decode_head')
        else {
            'inputs': inputs,
            'data_samples': [],
        }
    )
    return model.data_preprocessor(data, False)['inputs']
