import pandas as pd
import pytest

from mmseg_tome.analysis.report import to_markdown, write_report
from mmseg_tome.analysis.results import Result, read_csv

RESULTS = [Result('kernels', 'seconds', 0.5, implementation='triton')]
TABLE = pd.DataFrame({'model': ['ours'], 'ms': [1.5]})


def test_markdown_csv_and_plot(tmp_path):
    folder = tmp_path / 'new'
    for _ in range(2):  # a report is written in place of an earlier one
        written = write_report(
            folder, 'a', ['# Title', TABLE], RESULTS, lambda path: path.touch(), plot='b'
        )
        assert written == [folder / 'a.md', folder / 'a.csv', folder / 'b.png']
        assert set(written) == set(folder.iterdir())
    text = written[0].read_text()
    assert text.startswith('# Title\n\n| model   |   ms |\n') and '| ours    |  1.5 |' in text
    assert read_csv(written[1])['implementation'].tolist() == ['triton']


@pytest.mark.parametrize('name', ['a.md', 'a.csv', 'a.png'])
def test_what_is_not_its_own_stays(tmp_path, name):
    (tmp_path / name).write_text('mine')
    with pytest.raises(FileExistsError, match=f'{name} is there, and is no report of ours'):
        write_report(tmp_path, 'a', ['# Title'], RESULTS, lambda path: path.touch())
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == 'mine'


def test_a_report_of_an_earlier_version_is_its_own(tmp_path):
    for name in ('a.md', 'a.csv', 'a.png'):
        (tmp_path / name).write_text('# A: how it was reported')
    assert len(write_report(tmp_path, 'a', ['# A'], RESULTS, lambda path: path.touch())) == 3


def test_results_written_beforehand_are_its_own(tmp_path):
    """A benchmark writes its rows after every workload."""
    write_report(tmp_path, 'a', ['# Title'], RESULTS)
    (tmp_path / 'a.md').unlink()
    assert len(write_report(tmp_path, 'a', ['# Title'], RESULTS)) == 2


def test_what_is_written_out_stays():
    table = pd.DataFrame({'setting': ['a', '2x2'], 'change': ['+0.50', ''], 'value': [1.25, 1.5]})
    assert to_markdown(table).splitlines()[2:] == [
        '| a         |    +0.50 |    1.25 |',
        '| 2x2       |          |    1.5  |',
    ]
    assert to_markdown(table[:0]).startswith('| setting ')
