"""Trainings and tests as `mim` runs: what is passed on, kept, resumed, and done again."""

import pytest
import torch

pytest.importorskip('mmseg')
from benchmarks.paper import runs as runs_module
from benchmarks.paper.data_check import Data
from tests.benchmarks.paper.tiny_runs import CONFIG, FakeMim, make_runs, write_config


@pytest.fixture
def mim(monkeypatch):
    return FakeMim(monkeypatch)


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path)


def test_a_training_is_an_ordinary_run(mim, config, tmp_path):
    launch = ['--launcher', 'slurm', '--gpus', '8', '--partition', 'p']
    runs, _ = make_runs(tmp_path, config, ['train_cfg.max_iters=200'], launch)
    runs.train('hq-seed3', 'hq', 3)
    (command,) = mim.commands
    assert command[:9] == ['train', 'mmsegmentation', str(config), *launch]
    options = mim.options(0)
    assert options['model.backbone.tome_cfg'] == 'hq' and options['randomness.seed'] == '3'
    assert options['train_cfg.max_iters'] == '200'
    # An interrupted training goes on from its last tenth.
    assert options['default_hooks.checkpoint.interval'] == '20'
    assert '--resume' not in command


def test_options_given_win_over_those_of_the_table(mim, config, tmp_path):
    own = ['default_hooks.checkpoint.interval=7', 'train_cfg.val_begin=1']
    runs, _ = make_runs(tmp_path, config, own)
    runs.train('hq-seed0', 'hq', 0)
    assert mim.options(0)['default_hooks.checkpoint.interval'] == '7'
    assert mim.options(0)['train_cfg.val_begin'] == '1'


def test_weights_lie_at_a_predictable_path_without_optimizer(mim, config, tmp_path):
    runs, _ = make_runs(tmp_path, config)
    result = runs.train('hq-seed0', 'hq', 0)
    path = tmp_path / 'out' / 'checkpoints' / 'hq-seed0.pth'
    checkpoint = torch.load(path, weights_only=True)
    assert set(checkpoint) == {'state_dict', 'meta'} and checkpoint['meta'] == {'iter': 100}
    assert torch.equal(checkpoint['state_dict']['a'], torch.full((2,), 100.0))
    assert result['origin']['device'] == '1× NVIDIA Test'  # from the run's own log


def test_an_interrupted_training_is_resumed(mim, config, tmp_path):
    runs, said = make_runs(tmp_path, config)
    mim.interrupt_at = 1
    with pytest.raises(KeyboardInterrupt):
        runs.train('hq-seed0', 'hq', 0)
    assert not runs.checkpoint_path('hq-seed0').exists()
    runs.train('hq-seed0', 'hq', 0)
    assert '--resume' not in mim.commands[0] and '--resume' in mim.commands[1]
    assert mim.commands[0][-2:] == mim.commands[1][-2:]
    assert len(list((tmp_path / 'out/train/hq-seed0').glob('*.log'))) == 2
    assert 'goes on' in said[0]
    runs.train('hq-seed0', 'hq', 0)
    assert len(mim.commands) == 2


def test_a_resumed_training_does_not_begin_again_from_load_from(mim, tmp_path):
    runs, _ = make_runs(tmp_path, write_config(tmp_path, CONFIG + "load_from = 'start.pth'\n"))
    mim.interrupt_at = 1
    with pytest.raises(KeyboardInterrupt):
        runs.train('hq-seed0', 'hq', 0)
    runs.train('hq-seed0', 'hq', 0)
    assert 'load_from' not in mim.options(0) and mim.options(1)['load_from'] == 'None'


def test_a_changed_config_trains_again(mim, config, tmp_path):
    make_runs(tmp_path, config)[0].train('hq-seed0', 'hq', 0)
    runs, said = make_runs(tmp_path, config, ['train_cfg.max_iters=200'])
    runs.train('hq-seed0', 'hq', 0)
    assert len(mim.commands) == 2 and '--resume' not in mim.commands[1]
    assert 'config.train_cfg.max_iters: 100, now 200' in said[0]
    assert list((tmp_path / 'out/train').glob('hq-seed0.replaced-*'))
    assert list((tmp_path / 'out/checkpoints').glob('hq-seed0.replaced-*'))


def test_changed_code_trains_again_unless_told_otherwise(mim, config, tmp_path, monkeypatch):
    make_runs(tmp_path, config)[0].train('hq-seed0', 'hq', 0)
    other = {'mmseg_tome/models/mit.py': 'other'}
    monkeypatch.setattr('mmseg_tome.analysis.fingerprint.closure', lambda *_: other)
    make_runs(tmp_path, config, any_code=True)[0].train('hq-seed0', 'hq', 0)
    assert len(mim.commands) == 1
    make_runs(tmp_path, config)[0].train('hq-seed0', 'hq', 0)
    assert len(mim.commands) == 2


def test_weights_that_a_config_starts_from_count(mim, tmp_path):
    start = tmp_path / 'start.pth'
    start.write_bytes(b'1')
    config = write_config(
        tmp_path, CONFIG + f"model['init_cfg'] = dict(type='Pretrained', checkpoint='{start}')\n"
    )
    make_runs(tmp_path, config)[0].train('hq-seed0', 'hq', 0)
    start.write_bytes(b'2')
    runs, said = make_runs(tmp_path, config)
    runs.train('hq-seed0', 'hq', 0)
    assert len(mim.commands) == 2 and f'files.{start}: ' in said[0]


def test_a_test_is_kept_until_its_checkpoint_changes(mim, config, tmp_path):
    checkpoint = tmp_path / 'model.pth'
    checkpoint.write_bytes(b'1')
    runs, said = make_runs(tmp_path, config)
    for _ in range(2):
        assert runs.test('model-hq', 'hq', checkpoint)['metrics']['mIoU'] == 59
    assert len(mim.commands) == 1
    assert mim.options(0)['test_evaluator.per_class'] == 'True'
    checkpoint.write_bytes(b'2')
    runs.test('model-hq', 'hq', checkpoint)
    assert len(mim.commands) == 2 and 'checkpoint: ' in said[-2]


def test_a_strategy_file_counts_with_its_content(mim, config, tmp_path):
    rates = tmp_path / 'rates.yaml'
    for rate in (0.5, 0.6):
        rates.write_text(f'[{{q_mode: bsm, q_r: {rate}, q_sx: 2, q_sy: 2}}, {{}}, {{}}, {{}}]')
        make_runs(tmp_path, config)[0].train('rates-seed0', str(rates), 0)
    assert len(mim.commands) == 2


def test_weights_that_were_changed_afterwards_are_noticed(mim, config, tmp_path):
    runs, _ = make_runs(tmp_path, config)
    runs.train('hq-seed0', 'hq', 0)
    runs.checkpoint_path('hq-seed0').write_bytes(b'other')
    with pytest.raises(FileNotFoundError, match='not there any more, or changed'):
        runs.train('hq-seed0', 'hq', 0)


def test_what_a_run_does_not_read_does_not_count(mim, config, tmp_path):
    """Another split is tested without training again, and another schedule does not test again."""
    checkpoint = tmp_path / 'model.pth'
    checkpoint.write_bytes(b'1')
    for option in ('test_dataloader.dataset.split=val', 'test_dataloader.dataset.split=test'):
        make_runs(tmp_path, config, [option])[0].train('hq-seed0', 'hq', 0)
        make_runs(tmp_path, config, [option])[0].test('hq-seed0', 'hq', checkpoint)
    assert [command[0] for command in mim.commands] == ['train', 'test', 'test']
    for option in ('train_cfg.max_iters=7', 'train_cfg.max_iters=8'):
        make_runs(tmp_path, config, [option])[0].test('model', 'hq', checkpoint)
    assert [command[0] for command in mim.commands] == ['train', 'test', 'test', 'test']


def test_other_data_counts(mim, config, tmp_path, monkeypatch):
    """What a run does not read of it does not."""
    checkpoint = tmp_path / 'model.pth'
    checkpoint.write_bytes(b'1')
    for other in (None, 'train', 'test'):
        monkeypatch.setattr(
            runs_module,
            'check_data',
            lambda cfg, split, other=other: Data(9, f'9 files, {split == other}'),
        )
        make_runs(tmp_path, config)[0].train('hq-seed0', 'hq', 0)
        make_runs(tmp_path, config)[0].test('model-hq', 'hq', checkpoint)
    assert [command[0] for command in mim.commands] == ['train', 'test', 'train', 'train', 'test']
