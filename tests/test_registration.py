"""What happens where a framework is installed but broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmseg_tome.registration

ROOT = Path(__file__).resolve().parents[1]


def register(folder: Path, code: str = '') -> list[str]:
    """The lines that a new process prints in which `folder` comes first on the path."""
    script = (
        f'{code}\nimport mmseg_tome.registration\nprint(*mmseg_tome.registration.register_all())'
    )
    done = subprocess.run(
        [sys.executable, '-c', script],
        env={**os.environ, 'PYTHONPATH': f'{folder}{os.pathsep}{ROOT}'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


@pytest.mark.parametrize('name', ['mmseg', 'mmpose'])
def test_a_folder_of_a_frameworks_name_is_no_framework(name, tmp_path):
    """A git clone beside a script, in an environment that has not that framework."""
    pytest.importorskip('mmseg')
    pytest.importorskip('mmpose')
    (tmp_path / name / name).mkdir(parents=True)
    hidden = f"""
import importlib.machinery, sys
class Folder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            return importlib.machinery.PathFinder.find_spec(name, [{str(tmp_path)!r}])
        if name.startswith({name + '.'!r}):
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Folder())
"""
    # mmpose's heads import mmdet, and that mmseg where it finds it
    assert register(tmp_path, hidden)[-1] == {'mmseg': 'mmpose', 'mmpose': 'mmseg'}[name]


def test_an_mmpose_that_raises_stops_nothing_and_is_said(tmp_path):
    pytest.importorskip('mmseg')
    (tmp_path / 'mmpose').mkdir()
    (tmp_path / 'mmpose' / '__init__.py').write_text('raise RuntimeError("half of it is missing")')
    *said, frameworks = register(tmp_path)
    assert frameworks == 'mmseg'
    assert any(
        'mmpose is installed but cannot be imported' in line and 'half of it is missing' in line
        for line in said
    )


def test_an_mmpose_without_its_registry_stops_nothing_and_is_said(tmp_path):
    """A package of one's own that happens to have the name, and models."""
    pytest.importorskip('mmseg')
    (tmp_path / 'mmpose').mkdir()
    (tmp_path / 'mmpose' / '__init__.py').touch()
    (tmp_path / 'mmpose' / 'models.py').touch()
    *said, frameworks = register(tmp_path)
    assert frameworks == 'mmseg'
    assert any(
        'mmpose is installed but cannot be imported' in line and 'mmpose.registry' in line
        for line in said
    )


def test_an_mmpose_whose_data_sets_raise_stops_nothing_and_is_said(tmp_path):
    """As with an xtcocotools that was built against another numpy."""
    pytest.importorskip('mmseg')
    pytest.importorskip('mmpose')
    (tmp_path / 'xtcocotools').mkdir()
    (tmp_path / 'xtcocotools' / '__init__.py').write_text(
        'raise ValueError("numpy.dtype size changed")'
    )
    *said, frameworks = register(tmp_path)
    assert frameworks == 'mmseg'
    assert any('numpy.dtype size changed' in line for line in said)


def test_a_broken_mmpose_stops_nothing_and_is_said(monkeypatch):
    mmpose = pytest.importorskip('mmpose')
    monkeypatch.delattr(mmpose, 'models')
    monkeypatch.setitem(sys.modules, 'mmpose.models', None)  # importing it fails
    with pytest.warns(UserWarning, match='mmpose is installed but cannot be imported.*halted'):
        frameworks = mmseg_tome.registration.register_all()
    assert 'mmpose' not in frameworks


def test_registering_twice_does_no_harm():
    assert mmseg_tome.registration.register_all() == mmseg_tome.registration.register_all()


B0 = dict(embed_dims=32, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 5, 8])


@pytest.mark.parametrize('framework', ['mmseg', 'mmpose'])
@pytest.mark.parametrize('written', ['class', 'path'])
def test_a_config_that_names_the_class_of_mmseg_merges_too(framework, written, tmp_path):
    """New-style configs import the class; written to a file they have its path."""
    models = pytest.importorskip(f'{framework}.registry').MODELS
    from mmengine.config import Config
    from mmseg.models.backbones.mit import MixVisionTransformer as Stock

    from mmseg_tome.models import MixVisionTransformer

    path = tmp_path / 'config.py'
    path.write_text(
        'from mmseg.models.backbones import MixVisionTransformer\n'
        f'plain = dict(type=MixVisionTransformer, **{B0})\n'
        f'merged = dict(type=MixVisionTransformer, tome_cfg="hq", **{B0})\n'
        f'halved = dict(type=MixVisionTransformer, down_sample=True, **{B0})\n'
    )
    cfg = Config.fromfile(path, lazy_import=True)
    if written == 'path':
        cfg.dump(tmp_path / 'dumped.py')
        cfg = Config.fromfile(tmp_path / 'dumped.py')
        assert isinstance(cfg.merged.type, str)
    before = str(cfg)
    merged, halved = models.build(cfg.merged), models.build(cfg.halved)
    assert type(merged) is type(halved) is MixVisionTransformer
    assert (merged.strategy.name, halved.strategy.name) == ('hq', 'downsample')
    assert type(models.build(cfg.plain)) is Stock  # as it says
    assert str(cfg) == before


def test_what_else_is_built_with_tome_cfg_is_left_alone():
    from mmseg.registry import MODELS

    with pytest.raises(TypeError, match="unexpected keyword argument 'tome_cfg'"):
        MODELS.build(dict(type='mmseg.models.backbones.ResNet', depth=18, tome_cfg='hq'))
    assert MODELS.build(dict(type='torch.nn.Identity')) is not None
