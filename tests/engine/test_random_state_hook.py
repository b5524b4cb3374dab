"""A run that is interrupted and resumed has the losses of one that is not."""

import logging
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Dataset

import mmseg_tome  # noqa: F401  (makes checkpoints load; registers the hook)
from mmseg_tome.engine.random_state_hook import (
    CHECKPOINT_KEY,
    get_random_state,
    set_random_state,
)

LENGTH, STOP = 6, 3  # of the uninterrupted run and of the interrupted one, iterations or epochs

# (num_workers, persistent_workers)
WORKERS = pytest.mark.parametrize('workers', [(0, False), (2, False), (2, True)], ids=str)


class Augmented(Dataset):
    """Samples that depend on all three generators, as augmented images do."""

    metainfo: dict = {}

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> dict:
        noise = random.random() + np.random.rand() + torch.rand(()).item()
        return {'inputs': torch.tensor([float(index), noise])}


class Dropping(BaseModel):
    """A model that draws while training."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 4)
        self.layer.weight.data = torch.linspace(-1, 1, 8).view(4, 2)
        self.layer.bias.data.zero_()

    def forward(self, inputs, mode='tensor'):
        outputs = F.dropout(self.layer(torch.stack(inputs)), 0.5, self.training)
        return {'loss': outputs.square().mean()} if mode == 'loss' else [outputs]


class Losses(Hook):
    """Notes the loss of every iteration."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.values.append(outputs['loss'].item())


class DrawingEvaluator(Evaluator):
    """Draws from all generators; a score that rises makes each validation save a best one."""

    def __init__(self) -> None:
        super().__init__([])
        self.score = 0

    def process(self, data_samples, data_batch=None) -> None:
        random.random()
        np.random.rand()
        torch.rand(())

    def evaluate(self, size: int) -> dict:
        self.score += 1
        return {'score': self.score}


def train(
    work_dir: Path,
    length: int = LENGTH,
    *,
    resume: bool = False,
    load_from: Path | None = None,
    seed: int | None = 1,
    workers: tuple[int, bool] = (0, False),
    hook: bool = True,
    by_epoch: bool = False,
    validate: bool = True,
    momentum: float = 0.9,
) -> list[float]:
    """Trains in this process, validating and saving after `STOP`, and returns the losses."""
    losses = Losses()
    num_workers, persistent_workers = workers
    loader = {
        'dataset': Augmented(),
        'batch_size': 2,
        'num_workers': num_workers,
        'persistent_workers': persistent_workers,
    }
    sampler = {'type': 'DefaultSampler' if by_epoch else 'InfiniteSampler', 'shuffle': True}
    checkpoint = {'type': 'CheckpointHook', 'interval': STOP, 'by_epoch': by_epoch}
    validation = {}
    if validate:
        checkpoint.update(save_best='score', rule='greater')
        validation = {
            'val_dataloader': {**loader, 'sampler': {'type': 'DefaultSampler', 'shuffle': False}},
            'val_cfg': {},
            'val_evaluator': DrawingEvaluator(),
        }
    runner = Runner(
        model=Dropping(),
        work_dir=str(work_dir),
        train_dataloader={**loader, 'sampler': sampler},
        train_cfg={
            'by_epoch': by_epoch,
            'max_epochs' if by_epoch else 'max_iters': length,
            'val_interval': STOP,
        },
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.01, 'momentum': momentum}},
        default_hooks={'checkpoint': checkpoint},
        custom_hooks=[losses] + ([{'type': 'RandomStateHook'}] if hook else []),
        randomness={'seed': seed},
        resume=resume,
        load_from=load_from and str(load_from),
        # MMEngine keeps loggers and message hubs by name for the whole process.
        experiment_name=f'{work_dir}-{length}-{resume}-{seed}-{hook}-{load_from}',
        log_level='WARNING',
        **validation,
    )
    runner.train()
    # The garbage collector, which finds the runner in a cycle, takes 5 s to end each worker.
    runner.train_loop.dataloader_iterator = None
    for loop in (runner.train_loop, runner.val_loop):
        if loop is not None:
            loop.dataloader._iterator = None
    return losses.values


@pytest.fixture
def warnings_of_mmengine(monkeypatch):
    """The warnings that MMEngine's loggers write; they do not reach pytest's `caplog`."""
    messages = []

    def handle(self, record):
        if record.levelno >= logging.WARNING:
            messages.append(record.getMessage())

    monkeypatch.setattr(MMLogger, 'callHandlers', handle)
    return messages


@WORKERS
def test_iterations_resume_exactly(tmp_path, workers, warnings_of_mmengine):
    whole = train(tmp_path / 'whole', workers=workers)
    start = train(tmp_path / 'parts', STOP, workers=workers)
    rest = train(tmp_path / 'parts', workers=workers, resume=True)
    assert start + rest == whole
    assert not [m for m in warnings_of_mmengine if 'uninterrupted' in m]


@pytest.mark.parametrize('workers', [(0, False), (2, False)], ids=str)
def test_epochs_resume_exactly(tmp_path, workers):
    whole = train(tmp_path / 'whole', workers=workers, by_epoch=True)
    start = train(tmp_path / 'parts', STOP, workers=workers, by_epoch=True)
    rest = train(tmp_path / 'parts', workers=workers, by_epoch=True, resume=True)
    assert len(rest) == (LENGTH - STOP) * 4
    assert start + rest == whole


@WORKERS
def test_without_the_hook_they_do_not(tmp_path, workers):
    """Shows that the tests above test the hook."""
    whole = train(tmp_path / 'whole', workers=workers, hook=False)
    start = train(tmp_path / 'parts', STOP, workers=workers, hook=False)
    rest = train(tmp_path / 'parts', workers=workers, hook=False, resume=True)
    assert start == whole[:STOP]
    assert rest != whole[STOP:]


@WORKERS
def test_validation_leaves_no_trace(tmp_path, workers):
    with_validation = train(tmp_path / 'with', workers=workers)
    assert train(tmp_path / 'without', workers=workers, validate=False) == with_validation


def test_best_checkpoint_resumes_exactly(tmp_path):
    """Without momentum, as MMEngine saves best checkpoints without the optimizer's state."""
    whole = train(tmp_path / 'whole', momentum=0)
    train(tmp_path / 'start', STOP, momentum=0)
    best = tmp_path / 'start' / f'best_score_iter_{STOP}.pth'
    rest = train(tmp_path / 'rest', load_from=best, resume=True, momentum=0)
    assert rest == whole[STOP:]


def test_fine_tuning_from_a_checkpoint_starts_with_its_own_seed(tmp_path):
    train(tmp_path / 'start', STOP)
    checkpoint = tmp_path / 'start' / f'iter_{STOP}.pth'
    with_hook = train(tmp_path / 'a', load_from=checkpoint, seed=5, validate=False)
    without = train(tmp_path / 'b', load_from=checkpoint, seed=5, validate=False, hook=False)
    assert with_hook == without


@pytest.mark.parametrize('workers', [(0, False), (2, True)], ids=str)
def test_unseeded_run_resumes_exactly_with_the_seed_that_the_warning_names(
    tmp_path, workers, warnings_of_mmengine
):
    whole = train(tmp_path / 'whole', seed=None, workers=workers)
    checkpoint = tmp_path / 'whole' / f'iter_{STOP}.pth'
    resume = {'load_from': checkpoint, 'resume': True, 'workers': workers}
    assert train(tmp_path / 'a', seed=None, **resume) != whole[STOP:]
    (message,) = (m for m in warnings_of_mmengine if 'randomness.seed=' in m)
    seed = int(message.partition('randomness.seed=')[2].partition(')')[0])
    assert train(tmp_path / 'b', seed=seed, **resume) == whole[STOP:]


def test_checkpoint_of_a_run_without_the_hook(tmp_path, warnings_of_mmengine):
    train(tmp_path, STOP, hook=False)
    assert len(train(tmp_path, resume=True)) == LENGTH - STOP
    assert any(f'holds no {CHECKPOINT_KEY!r}' in m for m in warnings_of_mmengine)


def test_persistent_workers_of_epochs_warn(tmp_path, warnings_of_mmengine):
    train(tmp_path, 3, workers=(1, True), by_epoch=True)
    train(tmp_path, 4, workers=(1, True), by_epoch=True, resume=True)
    assert any('persistent_workers=False' in m for m in warnings_of_mmengine)


def test_states_are_plain_and_load_safely(tmp_path):
    train(tmp_path, STOP)
    states = torch.load(tmp_path / f'iter_{STOP}.pth', weights_only=True)[CHECKPOINT_KEY]
    assert set(states) == {'python', 'numpy', 'torch', 'cuda'}
    torch.save(states, tmp_path / 'states.pth')
    torch.load(tmp_path / 'states.pth', weights_only=True)

    def leaves(value):
        return [x for v in value.values() for x in leaves(v)] if type(value) is dict else [value]

    assert {type(leaf) for leaf in leaves(states)} <= {torch.Tensor, int, float, type(None)}


def test_round_trip_with_half_used_normal_pairs():
    """Both NumPy and Python draw normal numbers in pairs and keep the second one."""

    def draw():
        return random.gauss(0, 1), np.random.randn(), np.random.rand(), torch.randn(3).tolist()

    np.random.randn()
    random.gauss(0, 1)
    states = get_random_state()
    expected = draw()
    draw()
    set_random_state(states)
    assert draw() == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_round_trip_on_cuda_after_loading_to_the_device(tmp_path):
    torch.randn(1, device='cuda')
    torch.save(get_random_state(), tmp_path / 'states.pth')
    expected = torch.randn(5, device='cuda').tolist(), torch.randn(5).tolist()
    set_random_state(torch.load(tmp_path / 'states.pth', map_location='cuda'))
    assert (torch.randn(5, device='cuda').tolist(), torch.randn(5).tolist()) == expected
