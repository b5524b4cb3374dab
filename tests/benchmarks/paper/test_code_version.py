from benchmarks.paper import code_version as module
from benchmarks.paper.code_version import code_version


def test_a_changed_source_changes_it_and_an_unrelated_one_does_not(monkeypatch, tmp_path):
    monkeypatch.setattr(module, 'PACKAGE', tmp_path)
    for folder in ('models', 'analysis'):
        (tmp_path / folder).mkdir()
    (tmp_path / 'models' / 'a.py').write_text('1')
    (tmp_path / 'analysis' / 'timing.py').write_text('1')
    plain, timed = code_version(), code_version('timing')
    assert plain != timed
    (tmp_path / 'analysis' / 'timing.py').write_text('2')
    assert code_version() == plain and code_version('timing') != timed
    (tmp_path / 'models' / 'a.py').write_text('2')
    assert code_version() != plain


def test_of_this_package():
    assert module.PACKAGE.name == 'mmseg_tome'
    assert code_version() == code_version() != code_version('timing')
