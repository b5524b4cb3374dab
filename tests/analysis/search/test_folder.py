import json

import pytest

from mmseg_tome.analysis.search.folder import digest, open_folder

OPTIONS = {'seed': 0, 'inputs': ('480x360',), 'device': 'cpu'}


def test_the_same_options_go_on(tmp_path):
    assert not open_folder(tmp_path / 'a' / 'b', OPTIONS)
    assert open_folder(tmp_path / 'a' / 'b', OPTIONS)
    assert json.loads((tmp_path / 'a' / 'b' / 'search.json').read_text())['seed'] == 0


def test_an_empty_folder_is_taken(tmp_path):
    assert not open_folder(tmp_path, OPTIONS)


def test_other_options_are_refused_by_name(tmp_path):
    open_folder(tmp_path, OPTIONS)
    before = (tmp_path / 'search.json').read_text()
    with pytest.raises(ValueError, match='was started otherwise') as error:
        open_folder(tmp_path, {**OPTIONS, 'seed': 1, 'metric': 'mIoU'})
    lines = str(error.value).splitlines()[1:]
    assert lines == ["  metric: was None, is 'mIoU'", '  seed: was 0, is 1']
    assert (tmp_path / 'search.json').read_text() == before


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(ValueError, match='holds something that is not a search'):
        open_folder(tmp_path, OPTIONS)
    with pytest.raises(ValueError, match='holds something that is not a search'):
        open_folder(tmp_path / 'notes.txt', OPTIONS)


def test_digests_are_of_the_content(tmp_path):
    (tmp_path / 'a').write_bytes(b'1')
    (tmp_path / 'b').write_bytes(b'1')
    (tmp_path / 'c').write_bytes(b'2')
    a, b, c = (digest(tmp_path / name) for name in 'abc')
    assert a == b != c
