"""Taking measured rows into the results."""

import csv

import pytest

from benchmarks.collect import collect, find, merge
from benchmarks.docs.results import HEADER, read
from tests.benchmarks.docs.rows import row


def write(path, rows):
    with path.open('w', newline='') as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)


def test_new_rows_take_the_place_of_those_of_the_same_subject():
    old = [
        row(model='b0', metric='time', value=1, source='transcribed'),
        row(model='b0', metric='speed-up over stock none', value=3, source='transcribed'),
        row(model='b2', metric='time', value=2),
        row(model='b0', metric='mIoU', value=60, source='paper'),
    ]
    new = [row(model='b0', metric='time', value=v) for v in (4, 5)]
    assert merge(old, new) == [old[2], old[3], new[1]]


def test_files_are_by_experiment(tmp_path):
    rows = [
        row(metric='time', value=1),
        row(metric='time', value='nan', model='b5', note='out of memory'),
        row(experiment='kernels', metric='time', value=2),
    ]
    assert collect(rows, tmp_path) == [tmp_path / 'speed.csv', tmp_path / 'kernels.csv']
    assert read(tmp_path / 'speed.csv') == rows[:1]
    collect([row(metric='time', value=3)], tmp_path)
    assert [one['value'] for one in read(tmp_path / 'speed.csv')] == ['3']


def test_older_rows_of_another_machine_stay_unless_they_are_to_be_replaced(tmp_path):
    for number, device in enumerate(('one', 'another')):
        collect([row(metric='time', value=number, device=device)], tmp_path)
    assert len(read(tmp_path / 'speed.csv')) == 2
    last = row(metric='time', value=3, device='a third')
    collect([last], tmp_path, replace=True)
    assert read(tmp_path / 'speed.csv') == [last]


@pytest.mark.parametrize('commit', ['', 'abc1234-dirty-0123'])
def test_a_commit_that_nobody_has_is_refused(tmp_path, commit):
    with pytest.raises(ValueError, match='commit your changes'):
        collect([row(metric='time', value=1, commit=commit)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_left_out(tmp_path):
    (tmp_path / 'other.csv').write_text('strategy,mIoU\nhq,60\n')
    with pytest.raises(ValueError, match='no CSV file with the columns'):
        find(tmp_path)
    write(tmp_path / 'rows.csv', [row(metric='time', value=1)])
    assert [one['value'] for one in find(tmp_path)] == ['1']
