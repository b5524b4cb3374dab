"""`mim train` and `mim test` for pose as users run them, on a tiny set in COCO's format."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from filelock import FileLock

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (makes checkpoints load)
from demo.scenes.athletes import generate_athletes
from mmseg_tome.datasets.jbd_convert import convert_jbd
from mmseg_tome.datasets.jbd_format import BOX_FILE

from .test_cli import CONFIGS, mim, records, results

BASE = CONFIGS / 'coco' / 'segformer_mit-b0_hq_1xb16-210e_coco-288x384.py'
CHECKPOINT = CONFIGS.parent / 'checkpoints' / 'segformer_mit-b0_streets-1024x512.pth'
EPOCHS, STOP = 2, 1
PEOPLE = {'train': 6, 'val': 2}

# What a user with data of their own would write; small and short for the tests.
USER_CONFIG = """\
_base_ = '{base}'
data_root = '{data_root}'
codec = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=2)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody'),
    dict(type='RandomBBoxTransform'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(
        data_root=data_root,
        ann_file='val.json',
        data_prefix=dict(img='images/'),
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader
model = dict(
    backbone=dict(init_cfg=dict(checkpoint='{checkpoint}', prefix='backbone.')),
    head=dict(channels=32, decoder=codec),
)
train_cfg = dict(max_epochs={epochs}, val_interval=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
log_processor = dict(window_size=1)
"""


def write_people(folder: Path) -> None:
    """Colored dots on noise: `train.json`, `val.json`, boxes a detector could have found."""
    (folder / 'images').mkdir(parents=True)
    rng = np.random.default_rng(0)
    number = 0
    for split, count in PEOPLE.items():
        images, people, boxes = [], [], []
        for _ in range(count):
            number += 1
            image = rng.integers(0, 80, (160, 120, 3), dtype=np.uint8)
            keypoints = rng.uniform((20, 20), (100, 140), (17, 2)).round()
            for i, (x, y) in enumerate(keypoints.astype(int)):
                cv2.circle(image, (int(x), int(y)), 4, (255, 15 * i, 255 - 15 * i), -1)
            cv2.imwrite(str(folder / 'images' / f'{number}.png'), image)
            images.append(dict(id=number, file_name=f'{number}.png', width=120, height=160))
            marked = np.c_[keypoints, rng.integers(0, 3, 17)]  # some are not in the image
            people.append(
                dict(
                    id=number,
                    image_id=number,
                    category_id=1,
                    iscrowd=0,
                    bbox=[15, 15, 90, 130],
                    area=90 * 130,
                    num_keypoints=int((marked[:, 2] > 0).sum()),
                    keypoints=marked.ravel().tolist(),
                )
            )
            boxes.append(dict(image_id=number, category_id=1, bbox=[10, 20, 90, 130], score=0.9))
        categories = [dict(id=1, name='person')]
        truth = dict(images=images, annotations=people, categories=categories)
        (folder / f'{split}.json').write_text(json.dumps(truth))
        (folder / f'{split}_boxes.json').write_text(json.dumps(boxes))


@pytest.fixture(scope='session')
def run(tmp_path_factory) -> Path:
    """A folder with data, config and a finished training; one for all processes of a test run."""
    root = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        root = root.parent  # that of the run; each worker has one of its own in it
    folder = root / 'cli_pose'
    with FileLock(root / 'cli_pose.lock'):
        if not (folder / 'done').exists():
            folder.mkdir()
            write_people(folder / 'people')
            (folder / 'config.py').write_text(
                USER_CONFIG.format(
                    base=BASE,
                    checkpoint=CHECKPOINT,
                    data_root=folder / 'people',
                    epochs=EPOCHS,
                )
            )
            log = mim('train', 'mmpose', 'config.py', '--work-dir', 'train', cwd=folder)
            (folder / 'train.log').write_text(log)
            (folder / 'done').touch()
    return folder


BATCHES = PEOPLE['train'] // 2  # in an epoch


def test_train_validates_and_says_what_it_merges(run):
    assert 'Token merging: hq.' in (run / 'train.log').read_text()
    for key in ('loss_kpt', 'acc_pose'):
        assert set(records(run / 'train', key)) == set(range(1, EPOCHS * BATCHES + 1))
    for key in ('coco/AP', 'PCK@0.1', 'PCK@0.05'):
        assert set(records(run / 'train', key)) == {1, EPOCHS}
    assert list((run / 'train').glob('best_coco_AP_epoch_*.pth'))


def test_resume_continues_exactly(run, tmp_path):
    work_dir = tmp_path / 'interrupted'
    work_dir.mkdir()
    (work_dir / f'epoch_{STOP}.pth').symlink_to(run / 'train' / f'epoch_{STOP}.pth')
    (work_dir / 'last_checkpoint').write_text(str(work_dir / f'epoch_{STOP}.pth'))
    mim('train', 'mmpose', run / 'config.py', '--work-dir', work_dir, '--resume', cwd=run)

    whole = records(run / 'train', 'loss')
    remaining = range(STOP * BATCHES + 1, EPOCHS * BATCHES + 1)
    assert records(work_dir, 'loss') == {i: whole[i] for i in remaining}
    resumed, uninterrupted = (
        torch.load(folder / f'epoch_{EPOCHS}.pth')['state_dict']
        for folder in (work_dir, run / 'train')
    )
    assert resumed.keys() == uninterrupted.keys()
    for name, value in resumed.items():
        assert torch.equal(value, uninterrupted[name]), name


def mim_test(run: Path, work_dir: Path, *options: str) -> str:
    return mim('test', 'mmpose', 'config.py', '--checkpoint', f'train/epoch_{EPOCHS}.pth',
               '--work-dir', work_dir, *options, cwd=run)  # fmt: skip


def test_test_repeats_the_validation_and_draws_pictures(run, tmp_path):
    mim_test(run, tmp_path, '--show-dir', 'pictures')
    found = results(tmp_path)
    for key in ('coco/AP', 'PCK@0.1', 'PCK@0.05'):
        assert found[key] == pytest.approx(records(run / 'train', key)[EPOCHS])
    assert len(list(tmp_path.glob('*/pictures/*.png'))) == PEOPLE['val']


def test_detected_boxes_in_one_option_leave_ap_only(run, tmp_path):
    boxes = run / 'people' / 'val_boxes.json'
    log = mim_test(
        run,
        tmp_path,
        *('--cfg-options', f'test_dataloader.dataset.bbox_file={boxes}'),
        'model.backbone.tome_cfg=fast',
    )
    assert 'Token merging: fast.' in log
    assert 'PCK is left out' in log
    assert 'coco/AP' in results(tmp_path)
    assert not [key for key in results(tmp_path) if 'PCK' in key]


def test_jbd_from_raw_files_with_a_config_as_it_stands(tmp_path):
    data = tmp_path / 'data'
    generate_athletes(data, train=2, val=1, size=(320, 180), workers=1)
    convert_jbd(data / 'keypoints', data / BOX_FILE, data / 'images', data / 'annotations',
                annotation_size=(320, 180), progress=False)  # fmt: skip
    config = next(CONFIGS.glob('athletes/segformer_mit-b0_hq_1xb*.py'))
    options = [f'{part}_dataloader.dataset.data_root={data}' for part in ('train', 'val', 'test')]
    log = mim('train', 'mmpose', config, '--work-dir', 'train', '--cfg-options', *options,
              'train_cfg.max_epochs=1', 'train_cfg.val_interval=1', cwd=tmp_path)  # fmt: skip
    assert 'Token merging: hq.' in log
    for name in ('PCK', 'tPCK'):
        for threshold in (0.1, 0.05):
            (share,) = records(tmp_path / 'train', f'{name}@{threshold}').values()
            assert 0 <= share <= 1
