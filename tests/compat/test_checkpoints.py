"""Loading what mmengine saves, and refusing what could run code."""

import functools
import os
import pickle
import shutil
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import _load_checkpoint

from mmseg_tome.compat import checkpoints, patch
from mmseg_tome.compat.versions import installed_version

patch()  # as importing mmseg_tome does; here so that this file can be run by itself


@pytest.mark.skipif(
    installed_version('onedl-mmengine') is not None,
    reason='the fork does not refuse its checkpoints, see the test of its fallback',
)
def test_a_run_is_saved_refused_patched_loaded_and_resumed(run):
    """The whole way, with everything that a Runner puts into a checkpoint."""
    printed = run("""
import pickle
import numpy as np, torch
from mmseg_tome.compat import torchvision_ops
torchvision_ops.patch()  # the Runner imports torchvision
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner

class Data(BaseDataset):
    METAINFO = dict(sigmas=np.ones(3, 'f4'), links=np.array([], 'u1'), classes=('a', 'b'))
    def load_data_list(self):
        return [dict(x=float(i)) for i in range(4)]

class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm1d(1))
    def forward(self, x, mode, **others):
        y = self.fc(torch.tensor(x)[:, None])
        return dict(loss=y.square().mean() + y.mean()) if mode == 'loss' else list(y)

class Score(BaseMetric):
    def process(self, batch, samples):
        self.results.append(1)
    def compute_metrics(self, results):
        return dict(score=np.float64(12.5))

def runner(epochs, resume_from=None):
    data = dict(batch_size=2, num_workers=0, dataset=Data(metainfo=dict(extra=dict(a=1))))
    return Runner(
        Model(), 'work',
        train_dataloader=dict(data, sampler=dict(type='DefaultSampler', shuffle=True)),
        val_dataloader=dict(data, sampler=dict(type='DefaultSampler', shuffle=False)),
        val_cfg=dict(), val_evaluator=[Score()],
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01), clip_grad=dict(max_norm=1)),
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=2),
            dict(type='MultiStepLR', milestones=[1, 3]),
            dict(type='PolyLR', end=4, begin=1),
            dict(type='ReduceOnPlateauLR', monitor='score'),
        ],
        default_hooks=dict(checkpoint=dict(
            type='CheckpointHook', interval=1, save_best='score', rule='greater')),
        custom_hooks=[dict(type='EMAHook')],
        load_from=resume_from, resume=resume_from is not None,
        default_scope='mmengine', experiment_name=f'run{epochs}', log_level='ERROR',
        cfg=dict(nested=dict(a=[1, dict(b=2)])),
    )

first = runner(1)
first.train()
try:
    first.load_checkpoint('work/epoch_1.pth')
except pickle.UnpicklingError as error:
    print('> refused', 'HistoryBuffer' in str(error) or 'numpy' in str(error))

from mmseg_tome.compat import patch
print('> patched', 'torch safe globals' in patch())
checkpoint = first.load_checkpoint('work/epoch_1.pth')
print('>', sorted(checkpoint))
print('>', checkpoint['message_hub']['runtime_info']['best_score'])
print('>', checkpoint['meta']['dataset_meta'])

second = runner(2, resume_from='work/epoch_1.pth')
second.train()
losses = second.message_hub.get_scalar('train/loss')
print('>', second.epoch, second.iter, len(losses.data[0]), losses.mean() == losses.data[0].mean())
""")
    refused, patched, keys, best, meta, resumed = [
        line[2:] for line in printed.splitlines() if line.startswith('> ')
    ]
    assert refused == 'refused True'
    assert patched == 'patched True'
    assert keys == str(
        ['ema_state_dict', 'message_hub', 'meta', 'optimizer', 'param_schedulers', 'state_dict']
    )
    assert best == '12.5'
    assert "'links': array([], dtype=uint8)" in meta
    assert "'extra': {'a': 1}" in meta
    assert resumed == '2 4 4 True'  # two losses of the first run, two of the second


def _save(path: Path, content: Any) -> str:
    torch.save(content, path)
    return str(path)


CONTENTS = {
    'history': HistoryBuffer([1.0, 2.5], [1, 2]),
    'empty history': HistoryBuffer(),
    'scalar': np.float64(3.5),
    'flag': np.bool_(True),
    'array': np.arange(6, dtype=np.float32).reshape(2, 3),
    'transposed': np.arange(6).reshape(2, 3).T,
    'big-endian': np.arange(3, dtype='>i2'),
    'empty array': np.zeros((0, 3), np.uint8),
    'config': ConfigDict(a=dict(b=[1, dict(c=2)])),
    'random state': np.random.RandomState(0).get_state(),
}


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, HistoryBuffer):
        return all(map(_equal, a.data, b.data))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype.newbyteorder('=') and np.array_equal(a, b)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize('numpy_core', [b'numpy.core', b'numpy._core'], ids=['numpy 1', 'numpy 2'])
@pytest.mark.parametrize('name', CONTENTS)
def test_loads_what_either_numpy_wrote(name, numpy_core, tmp_path):
    saved = _save(tmp_path / 'saved.pth', CONTENTS[name])
    respelled = tmp_path / 'respelled.pth'
    spellings = 0
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(respelled, 'w') as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith('data.pkl'):
                for written in (b'numpy.core.', b'numpy._core.'):
                    data = data.replace(b'c' + written, b'c' + numpy_core + b'.')
                spellings = data.count(b'c' + numpy_core + b'.')
            new.writestr(entry, data)
    assert spellings > 0 or name == 'config'

    loaded = _load_checkpoint(str(respelled))

    assert _equal(loaded, CONTENTS[name])


def test_a_loaded_history_computes_its_statistics(tmp_path):
    loaded = _load_checkpoint(_save(tmp_path / 'history.pth', HistoryBuffer([1.0, 3.0], [1, 1])))
    assert loaded.statistics('mean') == 2.0
    loaded.update(5.0)
    assert loaded.statistics('current') == 5.0


class Call:
    """Pickles as the call of a function, which is how a checkpoint runs code when loaded."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


ATTACKS = {
    f'{os.system.__module__}.system': lambda marker: Call(os.system, f'echo > {marker}'),
    'shutil.copy': lambda marker: Call(shutil.copy, __file__, str(marker)),
    'eval': lambda marker: Call(eval, f'open({str(marker)!r}, "w")'),
    'builtins.getattr': lambda marker: Call(getattr, HistoryBuffer, '__init__'),
}


@pytest.mark.parametrize('name', ATTACKS)
@pytest.mark.parametrize('legacy', [False, True], ids=['zip', 'legacy'])
def test_refuses_code_and_names_it(name, legacy, tmp_path):
    marker = tmp_path / 'executed'
    path = tmp_path / 'attack.pth'
    content = {'state_dict': {}, 'meta': ATTACKS[name](marker)}
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)

    with pytest.raises(checkpoints.UnsafeCheckpointError) as caught:
        _load_checkpoint(str(path))

    message = str(caught.value)
    assert message.startswith(f"Refused to load checkpoint '{path}': it holds {name};")
    assert 'weights_only' not in message
    assert not marker.exists()


def test_refuses_code_in_a_download(tmp_path, monkeypatch):
    """``init_cfg`` takes this way; the file lies where a download would have been kept."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    marker = tmp_path / 'executed'
    (tmp_path / 'hub' / 'checkpoints').mkdir(parents=True)
    _save(tmp_path / 'hub' / 'checkpoints' / 'mit.pth', Call(os.system, f'echo > {marker}'))

    with pytest.raises(checkpoints.UnsafeCheckpointError, match=r'https://example\.com/mit\.pth'):
        _load_checkpoint('https://example.com/mit.pth')

    assert not marker.exists()


class Custom:
    """A type of the user's own."""


def test_a_type_that_the_user_allows_is_loaded(tmp_path):
    path = _save(tmp_path / 'custom.pth', Custom())
    name = f'{Custom.__module__}.Custom'
    with pytest.raises(checkpoints.UnsafeCheckpointError, match=rf"'{name}'\)\]\)"):
        _load_checkpoint(path)
    with torch.serialization.safe_globals([(Custom, name)]):
        assert isinstance(_load_checkpoint(path), Custom)


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    path = tmp_path / 'page.pth'
    path.write_text('<html>not found</html>')
    with pytest.raises(
        checkpoints.UnsafeCheckpointError, match=r'page\.pth.*is no checkpoint'
    ) as e:
        _load_checkpoint(str(path))
    assert len(str(e.value).splitlines()) == 1


def test_other_errors_pass_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError, match='can not be found'):
        _load_checkpoint(str(tmp_path / 'missing.pth'))


def test_the_fork_of_mmengine_loses_its_unrestricted_fallback(tmp_path):
    def load_anything(file, map_location=None):
        return torch.load(file, map_location=map_location, weights_only=False)

    fork = types.SimpleNamespace(_safe_torch_load=load_anything)
    assert checkpoints._restrict_fallback(fork) == ('mmengine _safe_torch_load',)
    assert checkpoints._restrict_fallback(fork) == ()
    with pytest.raises(pickle.UnpicklingError):
        fork._safe_torch_load(_save(tmp_path / 'attack.pth', Call(eval, '1')), map_location='cpu')


def test_a_download_that_is_restricted_already_is_left_alone():
    def load_url(url, weights_only=True):
        raise AssertionError('not called')

    for healthy in (
        load_url,
        functools.partial(torch.hub.load_state_dict_from_url, weights_only=True),
    ):
        module = types.SimpleNamespace(load_url=healthy)
        assert checkpoints._restrict_downloads(module) == ()
        assert module.load_url is healthy


def test_types_that_are_allowed_already_are_left_alone():
    before = torch.serialization.get_safe_globals()
    assert checkpoints._allow_types() == ()
    assert set(torch.serialization.get_safe_globals()) == set(before)
