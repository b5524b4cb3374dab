"""The command that writes the documentation's tables and plots, on a copy of the documentation."""

import re
import shutil
from pathlib import Path

import pytest

from benchmarks.docs.pages import names, pages
from benchmarks.docs.tables import TABLES
from benchmarks.render_docs import ROOT, render


@pytest.fixture
def checkout(tmp_path) -> Path:
    shutil.copy(ROOT / 'README.md', tmp_path)
    shutil.copytree(ROOT / 'docs', tmp_path / 'docs')
    shutil.copytree(ROOT / 'benchmarks' / 'results', tmp_path / 'benchmarks' / 'results')
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_table_that_is_described_is_shown():
    shown = {name for page in pages(ROOT) for name in names(page.read_text())}
    assert shown == set(TABLES)


def test_a_number_changed_in_a_page_is_found_and_restored(checkout):
    before = (checkout / 'README.md').read_text()
    # Whatever the demo measured last.
    row = re.search(r'^\| none \| (\S+) \|', before, re.MULTILINE)
    change(checkout / 'README.md', row[0], row[0].replace(row[1], f'{float(row[1]) + 1:.2f}'))
    assert render(checkout, check=True) == ['the tables of README.md']
    assert render(checkout) == []
    assert (checkout / 'README.md').read_text() == before


def test_a_number_changed_in_the_results_reaches_pages_plots_and_sentences(checkout):
    results = checkout / 'benchmarks' / 'results' / 'search-camvid.csv'
    change(results, 'front-02,time over none,0.864', 'front-02,time over none,0.824')
    sentence = (
        'docs/search.md, which should say: `front-02`, chosen on the images searched on, takes '
        '0.824 of the time where `hq` takes 0.927,'
    )
    stale = ['the tables of docs/search.md', 'docs/images/search-camvid.png', sentence]
    assert render(checkout, check=True) == stale
    assert render(checkout) == [sentence]
    assert '| front-02 | 0.824 ' in (checkout / 'docs' / 'search.md').read_text()
    change(checkout / 'docs' / 'search.md', 'takes 0.864 of', 'takes 0.824 of')
    assert render(checkout, check=True) == []
