"""`mim train` and `mim test` as users run them, on a few tiny generated street scenes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from filelock import FileLock

pytest.importorskip('mmseg')
import mmseg_tome  # noqa: F401  (makes checkpoints load)
from demo.scenes.streets import generate_streets

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
MIM = Path(sys.executable).with_name('mim')
ITERS, STOP = 4, 2

# What a user with data of their own would write; small and short for the tests.
USER_CONFIG = """\
_base_ = '{base}'
data_root = '{data_root}'
crop_size = (64, 128)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='RandomResize', scale=(256, 128), ratio_range=(0.5, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=2, dataset=dict(data_root=data_root, pipeline=train_pipeline)
)
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(data_preprocessor=dict(size=crop_size))
train_cfg = dict(max_iters={iters}, val_interval={stop})
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval={stop}))
log_processor = dict(window_size=1)
"""


def mim(*arguments: object, cwd: Path, succeeds: bool = True) -> str:
    """Runs `mim` and returns all that it printed."""
    done = subprocess.run(
        [MIM, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        # One thread: the processes of a test run share few cores.
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    assert (done.returncode == 0) is succeeds, done.stdout
    return done.stdout


def records(work_dir: Path, key: str) -> dict[int, float]:
    """What MMEngine logged under `key`, by iteration."""
    (log,) = work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {line['step']: line[key] for line in lines if key in line}


def results(work_dir: Path) -> dict[str, float]:
    """The metrics that `mim test` left."""
    (path,) = work_dir.glob('*/*.json')
    return json.loads(path.read_text())


@pytest.fixture(scope='session')
def run(tmp_path_factory) -> Path:
    """A folder with data, config and a finished training; one for all processes of a test run."""
    root = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        root = root.parent  # that of the run; each worker has one of its own in it
    folder = root / 'cli'
    with FileLock(root / 'cli.lock'):
        if not (folder / 'done').exists():
            folder.mkdir()
            generate_streets(folder / 'streets', train=8, val=2, size=(256, 128), workers=1)
            base = (
                CONFIGS / 'streets' / 'segformer_mit-b0_hq_1xb4-300i_streets-1024x512.py'
            )  # from a checkpoint
            (folder / 'config.py').write_text(
                USER_CONFIG.format(base=base, data_root=folder / 'streets', iters=ITERS, stop=STOP)
            )
            log = mim('train', 'mmsegmentation', 'config.py', '--work-dir', 'train', cwd=folder)
            (folder / 'train.log').write_text(log)
            (folder / 'done').touch()
    return folder


def test_train_validates_and_says_what_it_merges(run):
    assert 'Token merging: hq.' in (run / 'train.log').read_text()
    assert set(records(run / 'train', 'loss')) == set(range(1, ITERS + 1))
    assert set(records(run / 'train', 'mIoU_small')) == {STOP, ITERS}


def test_resume_continues_exactly(run, tmp_path):
    work_dir = tmp_path / 'interrupted'
    work_dir.mkdir()
    (work_dir / f'iter_{STOP}.pth').symlink_to(run / 'train' / f'iter_{STOP}.pth')
    (work_dir / 'last_checkpoint').write_text(str(work_dir / f'iter_{STOP}.pth'))
    mim('train', 'mmsegmentation', run / 'config.py', '--work-dir', work_dir, '--resume', cwd=run)

    whole = records(run / 'train', 'loss')
    assert records(work_dir, 'loss') == {i: whole[i] for i in range(STOP + 1, ITERS + 1)}
    resumed, uninterrupted = (
        torch.load(folder / f'iter_{ITERS}.pth')['state_dict']
        for folder in (work_dir, run / 'train')
    )
    assert resumed.keys() == uninterrupted.keys()
    for name, value in resumed.items():
        assert torch.equal(value, uninterrupted[name]), name


def test_test_repeats_the_validation_and_writes_predictions(run, tmp_path):
    mim('test', 'mmsegmentation', 'config.py', '--checkpoint', f'train/iter_{ITERS}.pth',
        '--work-dir', tmp_path, '--out', tmp_path / 'predictions', cwd=run)  # fmt: skip
    found = results(tmp_path)
    for key in ('aAcc', 'mIoU', 'mIoU_small'):
        validated = records(run / 'train', key)[ITERS]
        # All of them are NaN where the few scenes have no small class that is seen.
        assert found[key] == pytest.approx(validated, nan_ok=True)
    images = sorted((run / 'streets').rglob('leftImg8bit/val/**/*.png'))
    assert sorted(p.name for p in (tmp_path / 'predictions').iterdir()) == [p.name for p in images]


def test_strategy_from_the_command_line_and_test_time_augmentation(run, tmp_path):
    log = mim('test', 'mmsegmentation', 'config.py', '--checkpoint', f'train/iter_{ITERS}.pth',
              '--work-dir', tmp_path, '--tta', '--cfg-options', 'model.backbone.tome_cfg=fast',
              cwd=run)  # fmt: skip
    assert 'Token merging: fast.' in log
    assert set(results(tmp_path)) >= {'aAcc', 'mIoU', 'mAcc', 'mIoU_small'}


def test_tensorboard_in_one_option(run, tmp_path):
    reader = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    mim('train', 'mmsegmentation', 'config.py', '--work-dir', tmp_path, '--cfg-options',
        'visualizer.vis_backends.0.type=TensorboardVisBackend', 'train_cfg.max_iters=1',
        'train_cfg.val_interval=1', cwd=run)  # fmt: skip
    (events,) = tmp_path.rglob('events.out.tfevents.*')
    accumulator = reader.EventAccumulator(str(events)).Reload()
    assert {'loss', 'lr', 'mIoU', 'mIoU_small'} <= set(accumulator.Tags()['scalars'])


def test_unknown_preset_is_said_clearly(run, tmp_path):
    log = mim('test', 'mmsegmentation', 'config.py', '--checkpoint', f'train/iter_{ITERS}.pth',
              '--work-dir', tmp_path, '--cfg-options', 'model.backbone.tome_cfg=fats',
              cwd=run, succeeds=False)  # fmt: skip
    last = [line for line in log.splitlines() if 'Error' in line]
    assert any("tome_cfg = 'fats'" in line and "'fast'" in line for line in last), log
