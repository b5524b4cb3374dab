"""A file of a format of its own, loaded in every way in which mmengine loads checkpoints."""

import json

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.runner import Runner, load_checkpoint
from mmengine.runner.checkpoint import _load_checkpoint
from torch import nn

from mmseg_tome.checkpoints import Loader, hook, register_loader
from mmseg_tome.compat.checkpoints import UnsafeCheckpointError
from tests.analysis.tiny_segmentor import write_checkpoint, write_config, write_image

META = dict(classes=['a', 'b'], palette=[[0, 0, 0], [9, 9, 9]])


@pytest.fixture
def loaded(monkeypatch):
    """Registers a format whose files hold a number, and lists what was loaded into which class."""
    monkeypatch.setattr(hook, '_LOADERS', dict(hook._LOADERS))
    calls = []

    def read(filename, map_location):
        with open(filename) as file:
            json.load(file)
        return dict(meta=dict(dataset_meta=META))

    def into(module, filename):
        with open(filename) as file:
            calls.append((type(module).__name__, json.load(file)))

    register_loader(Loader('numbers', lambda name: name.endswith('.number'), read, into))
    return calls


@pytest.fixture
def number(tmp_path):
    path = tmp_path / 'model.number'
    path.write_text('7')
    return str(path)


def runner(tmp_path, **settings):
    cfg = Config.fromfile(write_config(tmp_path))
    return Runner(
        cfg.model, str(tmp_path / 'work'), default_scope='mmseg', log_level='ERROR', **settings
    )


def test_by_the_runner(loaded, number, tmp_path):
    run = runner(tmp_path, load_from=number)
    run.load_or_resume()
    assert loaded == [('EncoderDecoder', 7)]


def test_the_model_inside_of_ddp_and_tta_is_loaded(loaded, number):
    from mmengine.model import BaseModel
    from mmengine.registry import MODEL_WRAPPERS
    from mmseg.models import SegTTAModel

    class Model(BaseModel):
        def forward(self):
            pass

    load_checkpoint(SegTTAModel(Model()), number)
    load_checkpoint(MODEL_WRAPPERS.get('DataParallel')(Model()), number)
    assert loaded == [('Model', 7), ('Model', 7)]


def test_by_init_model_which_learns_the_classes(loaded, number, tmp_path):
    from mmseg.apis import init_model

    model = init_model(str(write_config(tmp_path)), number, 'cpu')
    assert loaded == [('EncoderDecoder', 7)]
    assert model.dataset_meta == META


def test_by_the_inferencer(loaded, number, tmp_path):
    from mmseg.apis import MMSegInferencer

    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    dataset = {
        'test_dataloader.dataset.pipeline': pipeline,
        'visualizer.type': 'SegLocalVisualizer',
    }
    config = write_config(tmp_path, **dataset)
    inferencer = MMSegInferencer(str(config), number, device='cpu')
    assert loaded == [('EncoderDecoder', 7)]
    image = write_image(tmp_path / 'image.png')
    assert inferencer(str(image), show=False)['predictions'].shape == (104, 136)


@pytest.mark.parametrize('prefix', [None, 'backbone.'])
def test_by_init_cfg(prefix, loaded, number):
    class Part(BaseModule):
        pass

    Part(init_cfg=dict(type='Pretrained', checkpoint=number, prefix=prefix)).init_weights()
    assert loaded == [('Part', 7)]


def test_what_has_weights_is_loaded_key_by_key(monkeypatch, tmp_path):
    monkeypatch.setattr(hook, '_LOADERS', dict(hook._LOADERS))
    weights = nn.Linear(2, 3).state_dict()
    register_loader(
        Loader('lines', lambda name: name.endswith('.line'), lambda *_: dict(state_dict=weights))
    )
    layer = nn.Linear(2, 3)
    checkpoint = load_checkpoint(layer, str(tmp_path / 'a.line'), strict=True)
    assert all(torch.equal(value, weights[key]) for key, value in layer.state_dict().items())
    assert checkpoint['meta'] == {}
    with pytest.raises(AssertionError, match=r'head\. is not in the pretrained model'):
        hook._load_checkpoint_with_prefix('head.', str(tmp_path / 'a.line'))


def test_a_later_loader_of_the_same_name_replaces_the_first(loaded):
    other = Loader('numbers', lambda name: name.endswith('.other'), lambda *_: {})
    register_loader(other)
    assert hook.find_loader('a.number') is None
    assert hook.find_loader('a.other') is other


def test_what_was_read_can_be_saved_and_is_known_again(loaded, number, tmp_path):
    """The record beside the weights is plain data."""
    torch.save(_load_checkpoint(number), tmp_path / 'saved.pth')
    load_checkpoint(nn.Linear(1, 1), str(tmp_path / 'saved.pth'))
    assert loaded == [('Linear', 7)]


def test_home_is_found(loaded, number, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    load_checkpoint(nn.Linear(1, 1), '~/model.number')
    assert loaded == [('Linear', 7)]


def test_checkpoints_of_mmengine_are_loaded_as_before(loaded, tmp_path):
    config = write_config(tmp_path)
    path = str(write_checkpoint(tmp_path, config))
    run = runner(tmp_path, load_from=path)
    run.load_or_resume()
    saved = torch.load(path)['state_dict']
    state = run.model.state_dict()
    assert all(torch.equal(state[key], value) for key, value in saved.items())
    assert loaded == []


def test_installing_again_changes_nothing():
    from mmengine.runner import checkpoint

    before = checkpoint.load_state_dict, checkpoint.CheckpointLoader.load_checkpoint
    hook.install()
    assert before == (checkpoint.load_state_dict, checkpoint.CheckpointLoader.load_checkpoint)


def test_a_loader_that_unpickles_is_held_to_the_same_rules(monkeypatch, tmp_path):
    monkeypatch.setattr(hook, '_LOADERS', dict(hook._LOADERS))
    path = tmp_path / 'attack.odd'
    torch.save(print, path)
    register_loader(Loader('odd', lambda name: name.endswith('.odd'), lambda f, m: torch.load(f)))
    with pytest.raises(UnsafeCheckpointError, match=r"attack\.odd': it holds print"):
        _load_checkpoint(str(path))
