"""Training steps of a tiny model on generated scenes."""

import pytest

pytest.importorskip('mmseg')
import mmseg_tome  # noqa: F401  (registers)

# isort: split
import torch
from mmengine.config import Config
from mmseg.models.backbones.mit import MixVisionTransformer as Stock

from benchmarks import training_steps
from benchmarks.training_steps import measure_training_steps
from demo.scenes.streets import generate_streets
from mmseg_tome.config_files import config_root

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # OpenMMLab's own, many


@pytest.fixture(scope='module')
def cfg(tmp_path_factory):
    folder = tmp_path_factory.mktemp('streets')
    generate_streets(folder, train=1, val=1, size=(256, 128), workers=1)
    cfg = Config.fromfile(
        config_root() / 'streets/segformer_mit-b0_none_1xb4-4k_streets-1024x512.py'
    )
    cfg.train_dataloader.dataset.data_root = str(folder)
    cfg.train_dataloader.batch_size = 1
    cfg.model.backbone.num_layers = [1, 1, 1, 1]
    return cfg


def test_time_and_memory_of_every_strategy(cfg):
    calls = []
    strategies = {'none': 'none', 'mine': 'fast'}
    steps = measure_training_steps(cfg, strategies, 2, on_step=lambda: calls.append(1))
    assert list(steps) == ['stock', 'none', 'mine'] and len(calls) == 9
    assert all(one['steps/s'] > 0 and one['peak_bytes'] is None for one in steps.values())
    # Stock keeps the attention matrix.
    assert steps['stock']['saved_bytes'] > 1.2 * steps['none']['saved_bytes'] > 0


def test_a_step_trains_and_stock_is_stock(cfg):
    step = training_steps._Step(
        training_steps.with_stock_classes(cfg), training_steps._read_batch(cfg), 'cpu'
    )
    assert type(step.model.backbone) is Stock and step.model.training
    before = [p.clone() for p in step.model.parameters()]
    step()
    changed = [
        not torch.equal(old, p) for old, p in zip(before, step.model.parameters(), strict=True)
    ]
    assert sum(changed) > 0.9 * len(changed)


def test_every_model_has_the_same_batch(cfg):
    read = training_steps._read_batch(cfg)
    first, second = (torch.stack(read()['inputs']) for _ in range(2))
    assert torch.equal(first, second)


def test_memory_is_that_of_the_configs_precision(cfg):
    cfg = cfg.copy()
    saved = {}
    for wrapper in ('OptimWrapper', 'BF16OptimWrapper'):
        cfg.optim_wrapper.type = wrapper
        steps = measure_training_steps(cfg, {'none': 'none'}, 1)
        saved[wrapper] = steps['none']['saved_bytes']
    assert saved['BF16OptimWrapper'] < 0.85 * saved['OptimWrapper']
