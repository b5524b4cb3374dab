import pytest
import torch
from mmengine.structures import BaseDataElement

from mmseg_tome.analysis.search.images import Images, Source, split


def paths(*names):
    return [f'{name}.png' for name in names]


@pytest.mark.parametrize('holdout', ['alternate', 'last'])
@pytest.mark.parametrize('count', [2, 3, 10, 11])
@pytest.mark.parametrize('at_most', [None, 2, 5, 100])
def test_images_held_out_are_others(holdout, count, at_most):
    names = paths(*range(count))
    search, held_out = split(names, holdout, at_most)
    assert search and held_out and not set(search) & set(held_out)
    used = min(count, at_most or count)
    assert len(search) + len(held_out) == used
    assert 0 <= len(search) - len(held_out) <= 1


def test_which_are_held_out():
    assert split(paths(*'abcde'), 'alternate') == ([0, 2, 4], [1, 3])
    assert split(paths(*'abcde'), 'last') == ([0, 1, 2], [3, 4])
    assert split(paths(*range(10)), 'alternate', 4) == ([0, 5], [2, 7])


@pytest.mark.parametrize('holdout', ['alternate', 'last'])
def test_people_of_one_image_stay_together(holdout):
    people = paths(*'aabccca')
    search, held_out = split(people, holdout)
    assert sorted(search + held_out) == list(range(7))
    assert not {people[i] for i in search} & {people[i] for i in held_out}


@pytest.mark.parametrize('names', [(), 'a', 'aaa'])
def test_one_image_is_too_few(names):
    with pytest.raises(ValueError, match='too few: one is searched on, another held out'):
        split(paths(*names), 'alternate')


@pytest.fixture
def images():
    sizes = [(4, 6), (4, 6), (4, 6), (6, 4), (4, 6)]
    samples = [{'inputs': torch.zeros(3, *s), 'data_samples': BaseDataElement()} for s in sizes]
    return Images(samples, paths(*range(5)))


def test_a_batch_has_one_size(images):
    assert [len(batch) for batch in images.batches(2)] == [2, 1, 1, 1]
    assert [len(batch) for batch in images.batches(1)] == [1] * 5
    assert [s for batch in images.batches(3) for s in batch] == images.samples


def test_sizes(images):
    assert images.sizes() == ['6x4', '4x6']
    assert images.select([0, 1]).sizes() == ['6x4']


def test_labels_are_replaced_in_a_copy(images):
    labels = [torch.full((1, 4, 6), n) for n in range(5)]
    labeled = images.with_labels(labels)
    assert [int(s['data_samples'].gt_sem_seg.data.max()) for s in labeled.samples] == [*range(5)]
    assert labeled.samples[0]['data_samples'].gt_sem_seg.data.dtype == torch.uint8
    assert all('gt_sem_seg' not in s['data_samples'] for s in images.samples)


def test_labels_beyond_a_byte_are_kept(images):
    labeled = images.with_labels([torch.full((1, 4, 6), 300)] * 5)
    assert int(labeled.samples[0]['data_samples'].gt_sem_seg.data.max()) == 300


def test_files_of_samples_are_listed_once():
    people = Source(paths(*'aab'), None, {}, ['people.json'] * 3)
    assert people.files([0, 1, 2]) == ['a.png', 'b.png', 'people.json']
    assert Source(paths(*'abc'), None, {}).files([2, 0]) == ['a.png', 'c.png']
    labels = Source(paths(*'ab'), None, {}, ['labels/a.png', 'labels/b.png'])
    assert labels.files([1]) == ['b.png', 'labels/b.png']
