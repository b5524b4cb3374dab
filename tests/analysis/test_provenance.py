import re
import shutil
import subprocess

import pytest

from mmseg_tome.analysis import provenance


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A copy of the file where it is read from, outside of any checkout."""
    copy = shutil.copy(provenance.__file__, tmp_path)
    monkeypatch.setattr(provenance, '__file__', copy)
    return tmp_path


def git(folder, *command):
    settings = ['-c', 'user.name=a', '-c', 'user.email=a@b']
    subprocess.run(['git', '-C', folder, *settings, *command], check=True, capture_output=True)


def test_commit_of_a_checkout(monkeypatch, folder):
    monkeypatch.setenv('MMSEG_TOME_COMMIT', 'other')
    git(folder, 'init')
    git(folder, 'add', '.')
    git(folder, 'commit', '-m', 'x')
    clean = provenance.commit()
    assert len(clean) >= 7 and set(clean) <= set('0123456789abcdef')
    (folder / 'provenance.py').write_text('')
    dirty = provenance.commit()
    assert re.fullmatch(f'{clean}-dirty-[0-9a-f]{{8}}', dirty)
    assert provenance.commit() == dirty
    (folder / 'provenance.py').write_text('other')
    assert re.fullmatch(f'{clean}-dirty-[0-9a-f]{{8}}', provenance.commit())
    assert provenance.commit() != dirty


def test_commit_of_a_copy_without_history(monkeypatch, folder):
    monkeypatch.delenv('MMSEG_TOME_COMMIT', raising=False)
    assert provenance.commit() == ''
    monkeypatch.setenv('MMSEG_TOME_COMMIT', 'abc-dirty')
    assert provenance.commit() == 'abc-dirty'
