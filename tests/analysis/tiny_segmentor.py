"""A segmentor of a few thousand random weights, as the files that users have."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image

CONFIG = """
default_scope = 'mmseg'
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
test_dataloader = dict(dataset=dict(type='CityscapesDataset'))
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[120.0] * 3, std=[60.0] * 3, bgr_to_rgb=True),
    backbone=dict(
        type='MixVisionTransformer', embed_dims=4, num_layers=[1, 2, 1, 1], num_heads=[1, 2, 3, 4],
        mlp_ratio=2),
    decode_head=dict(
        type='SegformerHead', in_channels=[4, 8, 12, 16], in_index=[0, 1, 2, 3], channels=8,
        num_classes=19, norm_cfg=dict(type='BN')),
    test_cfg=dict(mode='slide', crop_size=(64, 64), stride=(48, 48)),
)
"""


def write_config(folder: Path, **changes) -> Path:
    """Write the config; dots in the names of changes lead into it."""
    cfg = Config.fromstring(CONFIG, '.py')
    cfg.merge_from_dict(changes)
    path = folder / 'tiny.py'
    cfg.dump(path)
    return path


def write_checkpoint(folder: Path, config: Path) -> Path:
    """Write random weights under which attention and classes vary over an image."""
    from mmseg.apis import init_model

    torch.manual_seed(0)
    model = init_model(str(config), None, 'cpu')
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=2 / parameter[0].numel() ** 0.5)
    path = folder / 'tiny.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, path)
    return path


def write_image(path: Path, width: int = 136, height: int = 104) -> Path:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR).save(path)
    return path


def write_labeled(folder: Path, splits: tuple[str, ...] = ('val',)) -> tuple[Path, Path, Path]:
    """Write a config, a checkpoint, and eight images a split in CamVid's layout: their folder."""
    data, rng = folder / 'data', np.random.default_rng(0)
    for split in splits:
        for kind in ('images', 'labels'):
            (data / kind / split).mkdir(parents=True)
        for n in range(8):
            path = write_image(data / 'images' / split / f'{n}.png')
            picture = np.asarray(Image.open(path))
            Image.fromarray(np.roll(picture, 16 * n, 1)).save(path)
            label = rng.integers(0, 12, picture.shape[:2], np.uint8)
            Image.fromarray(label).save(data / 'labels' / split / f'{n}.png')
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(136, 104), keep_ratio=True),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ]
    datasets = {
        split: dict(type='CamVidDataset', data_root=str(data), split=split, pipeline=pipeline)
        for split in ('train', 'val')
    }
    changes = {
        'custom_imports': dict(imports=['mmseg_tome'], allow_failed_imports=False),
        'model.decode_head.num_classes': 11,
        'model.test_cfg.mode': 'whole',
        'test_pipeline': pipeline,
        'test_dataloader.dataset': datasets['val'],
        'test_evaluator': dict(type='SmallIoUMetric', small_classes=['pole', 'fence']),
    }
    if 'train' in splits:
        changes['train_dataloader'] = dict(dataset=datasets['train'])
    config = write_config(folder, **changes)
    return config, write_checkpoint(folder, config), data
