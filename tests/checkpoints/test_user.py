"""As a new user does it: a downloaded folder is converted, tested, and trained from."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image

from mmseg_tome.checkpoints import convert
from tests.checkpoints.tiny import hugging_face, labels, write_folder

ROOT = Path(__file__).resolve().parents[2]
NAMES = ['sky', 'tree', 'road']


@pytest.fixture
def folder(tmp_path):
    """A model of three classes, and pictures with labels where its config looks for them."""
    rng = np.random.default_rng(0)
    for name in ('images', 'annotations'):
        (tmp_path / 'data' / name).mkdir(parents=True)
    for i in range(4):
        picture = rng.integers(0, 256, (64, 96, 3), np.uint8)
        Image.fromarray(picture).save(tmp_path / f'data/images/{i}.jpg')
        label = rng.integers(0, 4, (64, 96), np.uint8)
        Image.fromarray(label).save(tmp_path / f'data/annotations/{i}.png')
    size = {'height': 64, 'width': 64}
    model = hugging_face(classes=3, **labels(NAMES))
    return write_folder(tmp_path / 'hf', model, size=size, do_reduce_labels=True)


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, '-m', *command],
        cwd=cwd,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHONWARNINGS': 'ignore'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_two_commands_from_a_folder_to_a_result(folder, tmp_path):
    said = run('mmseg_tome', 'convert', 'hf', 'ours.pth', cwd=tmp_path)
    assert 'Hugging Face: a MiT of 1+2+1+1 blocks with 4/8/12/16 channels' in said
    command = ('mim', 'test', 'mmsegmentation', 'ours.py', '--checkpoint', 'ours.pth')
    converted = run(*command, cwd=tmp_path)
    assert 'sky' in converted and 'do not match exactly' not in converted
    as_is = run(*command[:-1], 'hf', cwd=tmp_path)  # the same without converting

    def result(printed):
        (line,) = (line for line in printed.splitlines() if 'aAcc' in line and 'mIoU' in line)
        return line[line.index('aAcc') :].partition('data_time')[0]

    assert result(converted) == result(as_is)


def training(folder, tmp_path, iterations, **settings):
    """A run from the converted config, with another number of classes than the checkpoint's."""
    if not (tmp_path / 'ours.py').exists():
        convert(folder, tmp_path / 'ours.pth')
    cfg = Config.fromfile(tmp_path / 'ours.py')
    cfg.model.decode_head.num_classes = 4
    cfg.model.decode_head.norm_cfg = dict(type='BN')
    cfg.model.data_preprocessor.size = (64, 96)
    cfg.work_dir = str(tmp_path / 'work')
    data = cfg.test_dataloader.dataset
    data.update(
        data_root=str(tmp_path / 'data'),
        reduce_zero_label=False,
        metainfo=dict(classes=[*NAMES, 'rest'], palette=[[i, i, i] for i in range(4)]),
        pipeline=[dict(type=t) for t in ('LoadImageFromFile', 'LoadAnnotations', 'PackSegInputs')],
    )
    cfg.train_dataloader = dict(
        batch_size=2, num_workers=0, sampler=dict(type='InfiniteSampler'), dataset=data
    )
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations)
    cfg.optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3))
    cfg.default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))
    for name in ('test_dataloader', 'test_evaluator', 'test_cfg'):
        cfg.pop(name)
    cfg.update(settings)
    init_default_scope('mmseg')
    return Runner.from_cfg(cfg)


def test_training_starts_from_a_folder_and_is_resumed(folder, tmp_path):
    first = training(folder, tmp_path, 1, load_from=str(folder))
    first.train()
    trained = torch.load(tmp_path / 'work' / 'iter_1.pth')
    start = torch.load(tmp_path / 'ours.pth')['state_dict']
    name = 'decode_head.fusion_conv.conv.weight'
    change = (trained['state_dict'][name] - start[name]).abs().max()
    assert 0 < change < 0.1  # from there, and not from random weights
    assert trained['state_dict']['decode_head.conv_seg.weight'].shape[0] == 4
    second = training(folder, tmp_path, 2, load_from=str(tmp_path / 'work/iter_1.pth'), resume=True)
    second.train()
    assert second.iter == 2
