"""What is kept, what is computed again, and that neither happens in silence."""

import json
import multiprocessing
import subprocess
import sys

import pytest

from mmseg_tome.analysis.file_identity import data_identity, file_hash
from mmseg_tome.analysis.fingerprint import Fingerprint
from mmseg_tome.analysis.store import FILE, Entry, InUseError, Store, differences

KEY = {'config': {'train_cfg': {'max_iters': 300}}, 'weights': {'a.pth': '12'}, 'code': 'c1'}


class Work:
    """Something to compute that counts how often it was, and what was said."""

    def __init__(self, folder):
        self.folder, self.calls, self.said = folder, 0, []

    def run(self, key=KEY, any_code=False):
        store = Store(self.folder.parent.parent, self.said.append, any_code)
        name = self.folder.relative_to(store.folder)
        return store.entry(name, Fingerprint(key)).reuse_or_compute(self.compute)

    @property
    def entry(self):
        return Entry(self.folder, Fingerprint(KEY), self.said.append)

    def compute(self, lock):
        self.calls += 1
        return {'value': self.calls}


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path / 'train' / 'hq-seed0')


def test_a_finished_result_is_not_computed_again(work):
    assert work.run() == {'value': 1} == work.run()
    assert work.calls == 1
    assert work.said == ['train/hq-seed0: done', 'train/hq-seed0: kept, computed before']


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        ({'config': {'train_cfg': {'max_iters': 600}}}, 'config.train_cfg.max_iters: 300, now 600'),
        ({'weights': {'a.pth': '34'}}, 'weights.a.pth: 12, now 34'),
        ({'code': 'c2'}, 'code: c1, now c2'),
        ({'seed': 1}, 'seed: (absent), now 1'),
    ],
)
def test_other_settings_compute_again_and_say_why(work, changed, message):
    work.run()
    (work.folder / 'work_dir').mkdir()
    assert work.run({**KEY, **changed}) == {'value': 2}
    assert message in work.said[1] and 'computed again' in work.said[1]
    # The old one stays, with all that is in it.
    (old,) = work.folder.parent.glob('hq-seed0.replaced-*')
    assert json.loads((old / FILE).read_text())['result'] == {'value': 1}
    assert (old / 'work_dir').is_dir() and not (work.folder / 'work_dir').exists()


def test_a_result_that_lacks_something_is_computed_again_and_stays(work):
    work.run()
    entry = work.entry
    assert entry.reuse_or_compute(work.compute, lambda result: '') == {'value': 1}
    lacking = lambda result: 'more' if result['value'] < 2 else ''  # noqa: E731
    assert entry.reuse_or_compute(work.compute, lacking) == {'value': 2}
    assert 'computed again, since it lacks more; the old one is now' in work.said[-2]
    (old,) = work.folder.parent.glob('hq-seed0.replaced-*')
    assert json.loads((old / FILE).read_text())['result'] == {'value': 1}
    # Only what is in place counts.
    assert [result for _, result in Store(work.folder.parent.parent).finished()] == [{'value': 2}]


def test_a_child_holds_on_to_the_lock(work):
    """A training may outlive the process that started it."""
    children = []

    def killed(lock):
        command = [sys.executable, '-c', 'input()']
        children.append(subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[lock]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.entry.reuse_or_compute(killed)
    with pytest.raises(InUseError, match='is being computed by another process'):
        work.run()
    children[0].communicate(b'\n')
    assert work.run() == {'value': 1}


def test_other_code_is_taken_if_asked_for(work):
    work.run()
    other = {**KEY, 'code': 'c2'}
    assert work.run(other, any_code=True) == {'value': 1}
    assert 'by another version of the code' in work.said[-1]
    assert work.run({**other, 'weights': {}}, any_code=True) == {'value': 2}


def test_what_was_begun_goes_on(work):
    def interrupt(lock):
        (work.folder / 'half').touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.entry.reuse_or_compute(interrupt)
    assert work.entry.stored() is None and not list(Store(work.folder.parent).finished())
    assert work.run() == {'value': 1}
    assert (work.folder / 'half').exists()
    assert work.said == ['train/hq-seed0: begun before, goes on', 'train/hq-seed0: done']


def test_begun_with_other_settings_does_not_go_on(work):
    def interrupt(lock):
        (work.folder / 'half').touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        other = Fingerprint({**KEY, 'code': 'c0'})
        Entry(work.folder, other, work.said.append).reuse_or_compute(interrupt)
    work.run()
    assert not (work.folder / 'half').exists()


def test_two_processes_do_not_compute_the_same(work):
    def compute(lock):
        context = multiprocessing.get_context('fork')
        with context.Pool(1) as pool:
            return {'other': pool.apply(_try, (work.folder,))}

    result = work.entry.reuse_or_compute(compute)
    assert result == {'other': 'refused'}


def _try(folder):
    try:
        Entry(folder, Fingerprint(KEY), print).reuse_or_compute(lambda lock: {})
    except InUseError:
        return 'refused'
    return 'computed'


def test_a_damaged_result_is_not_overwritten(work):
    work.run()
    (work.folder / FILE).write_text('{"key"')
    with pytest.raises(ValueError, match='is damaged'):
        work.run()
    assert work.calls == 1


def extend(folder, key=KEY):
    with Store(folder.parent).entry(folder.name, Fingerprint(key)).extended('search'):
        (folder / 'trials').open('a').write('1')


def test_what_grows_with_every_run_goes_on_with_the_same_settings(tmp_path):
    folder = tmp_path / 'a' / 'b'
    extend(folder)
    extend(folder)
    assert (folder / 'trials').read_text() == '11'
    (tmp_path / 'empty').mkdir()
    extend(tmp_path / 'empty')


def test_what_grows_is_refused_with_other_settings_and_stays(tmp_path):
    folder = tmp_path / 'a'
    extend(folder)
    before = (folder / FILE).read_text()
    with pytest.raises(ValueError, match='holds a search that was started otherwise') as error:
        extend(folder, {**KEY, 'seed': 1, 'config': {'train_cfg': {'max_iters': 600}}})
    changes = '(seed: (absent), now 1; config.train_cfg.max_iters: 300, now 600)'
    assert changes in str(error.value)
    assert (folder / FILE).read_text() == before and (folder / 'trials').read_text() == '1'
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ['a']


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(ValueError, match='holds something that is not a search'):
        extend(tmp_path)
    with pytest.raises(ValueError, match='holds something that is not a search'):
        extend(tmp_path / 'notes.txt')


def test_a_second_run_at_the_same_time_is_refused(tmp_path):
    with (
        Store(tmp_path).entry('a', Fingerprint(KEY)).extended('search'),
        pytest.raises(InUseError, match='is being computed by another process'),
    ):
        extend(tmp_path / 'a')


def test_differences_go_into_lists():
    assert differences({'a': [1, {'b': 2}]}, {'a': [1, {'b': 3}]}) == ['a.1.b: 2, now 3']
    assert differences({'a': [1]}, {'a': [1, 2]}) == ['a: [1], now [1, 2]']
    assert differences(KEY, KEY) == []


def test_file_hash_is_of_the_content(tmp_path):
    for name, content in (('a', b'x' * 3_000_000), ('b', b'x' * 3_000_000), ('c', b'y')):
        (tmp_path / name).write_bytes(content)
    assert file_hash(tmp_path / 'a') == file_hash(tmp_path / 'b') != file_hash(tmp_path / 'c')


def test_data_is_told_apart_by_names_and_sizes(tmp_path):
    for folder in ('a', 'b'):
        (tmp_path / folder / 'x').mkdir(parents=True)
        (tmp_path / folder / '1.png').write_bytes(b'12')
        (tmp_path / folder / 'x' / '2.png').write_bytes(b'123')
    a, b = (list((tmp_path / folder).rglob('*.png')) for folder in 'ab')
    assert data_identity(a) == data_identity(b) and data_identity(a).startswith('2 files, ')
    assert data_identity(a[:1]) != data_identity(a)
    (tmp_path / 'b' / '1.png').write_bytes(b'1')
    assert data_identity(a) != data_identity(b)
    with pytest.raises(FileNotFoundError):
        data_identity([tmp_path / 'absent.png'])
