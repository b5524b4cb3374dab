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


def test_a_broken_mmpose_stops_nothing_and_is_said(monkeypatch):
    mmpose = pytest.importorskip('mmpose')
    monkeypatch.delattr(mmpose, 'models')
    monkeypatch.setitem(sys.modules, 'mmpose.models', None)  # importing it fails
    with pytest.warns(UserWarning, match='mmpose is installed but cannot be imported.*halted'):
        frameworks = mmseg_tome.registration.register_all()
    assert 'mmpose' not in frameworks


def test_registering_twice_does_no_harm():
    assert mmseg_tome.registration.register_all() == mmseg_tome.registration.register_all()
