"""What is kept, what is computed again, and that neither happens in silence."""

import json
import multiprocessing

import pytest

from benchmarks.paper.cells import FILE, Cell, CellInUseError, differences, file_hash

KEY = {'config': {'train_cfg': {'max_iters': 300}}, 'weights': {'a.pth': '12'}, 'code': 'c1'}


class Work:
    """Something to compute that counts how often it was, and what was said."""

    def __init__(self, folder):
        self.folder, self.calls, self.said = folder, 0, []

    def run(self, key=KEY, any_code=False):
        cell = Cell(self.folder, key, self.said.append, any_code)
        return cell.reuse_or_compute(self.compute)

    def compute(self, lock):
        self.calls += 1
        return {'value': self.calls}


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path / 'train' / 'hq-seed0')


def test_a_finished_cell_is_not_computed_again(work):
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
        Cell(work.folder, KEY, work.said.append).reuse_or_compute(interrupt)
    assert Cell(work.folder, KEY, work.said.append).stored() is None
    assert work.run() == {'value': 1}
    assert (work.folder / 'half').exists()
    assert work.said == ['train/hq-seed0: begun before, goes on', 'train/hq-seed0: done']


def test_begun_with_other_settings_does_not_go_on(work):
    def interrupt(lock):
        (work.folder / 'half').touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cell(work.folder, {**KEY, 'code': 'c0'}, work.said.append).reuse_or_compute(interrupt)
    work.run()
    assert not (work.folder / 'half').exists()


def test_two_processes_do_not_compute_the_same_cell(work):
    def compute(lock):
        context = multiprocessing.get_context('fork')
        with context.Pool(1) as pool:
            return {'other': pool.apply(_try, (work.folder,))}

    result = Cell(work.folder, KEY, work.said.append).reuse_or_compute(compute)
    assert result == {'other': 'refused'}


def _try(folder):
    try:
        Cell(folder, KEY, print).reuse_or_compute(lambda lock: {})
    except CellInUseError:
        return 'refused'
    return 'computed'


def test_a_damaged_cell_is_not_overwritten(work):
    work.run()
    (work.folder / FILE).write_text('{"key"')
    with pytest.raises(ValueError, match='is damaged'):
        work.run()
    assert work.calls == 1


def test_differences_go_into_lists():
    assert differences({'a': [1, {'b': 2}]}, {'a': [1, {'b': 3}]}) == ['a.1.b: 2, now 3']
    assert differences({'a': [1]}, {'a': [1, 2]}) == ['a: [1], now [1, 2]']
    assert differences(KEY, KEY) == []


def test_file_hash_is_of_the_content(tmp_path):
    for name, content in (('a', b'x' * 3_000_000), ('b', b'x' * 3_000_000), ('c', b'y')):
        (tmp_path / name).write_bytes(content)
    assert file_hash(tmp_path / 'a') == file_hash(tmp_path / 'b') != file_hash(tmp_path / 'c')
