"""The documentation site is strict: on a small copy, everything that is wrong stops the build."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('sphinx')
pytest.importorskip('myst_parser')
pytest.importorskip('furo')

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ('conf.py', '_ext', '_templates')
MODULE = '''"""A package."""

__all__ = ['documented']


def documented() -> None:
    """Do nothing."""
'''
INDEX = """\
# Start

[A page](page.md#a-section), [one outside](../README.md), [code](../mmseg_tome/apply.py).

```{eval-rst}
.. autosummary::
   :toctree: generated

   tiny
```

```{toctree}
page
```
"""
PAGE = '# Page\n\n## A section\n\n{py:func}`tiny.documented`\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A checkout with this project's settings, two pages and a package of one function."""
    for name in SETTINGS:
        source, target = ROOT / 'docs' / name, tmp_path / 'docs' / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)
    # nitpicking about this project's names is for the small package here
    conf = tmp_path / 'docs' / 'conf.py'
    conf.write_text(conf.read_text(encoding='utf-8').replace('(?!mmseg_tome', '(?!tiny'))
    (tmp_path / 'mmseg_tome').mkdir()
    (tmp_path / 'mmseg_tome' / 'version.py').write_text("__version__ = '0'\n")
    (tmp_path / 'mmseg_tome' / 'apply.py').touch()
    (tmp_path / 'README.md').write_text('# Start\n')
    (tmp_path / 'tiny.py').write_text(MODULE)
    (tmp_path / 'docs' / 'index.md').write_text(INDEX)
    (tmp_path / 'docs' / 'page.md').write_text(PAGE)
    return tmp_path


def build(site: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'sphinx', '-W', '--keep-going', '--quiet', 'docs', 'build']
    return subprocess.run(command, cwd=site, capture_output=True, text=True, env={'PATH': ''})


def test_a_sound_site_is_built(site):
    done = build(site)
    assert done.returncode == 0, done.stderr
    start = (site / 'build' / 'index.html').read_text(encoding='utf-8')
    assert 'href="page.html#a-section"' in start
    assert 'href="#"' in start  # the README, which is this page
    assert 'apply.py' not in start and '>code<' not in start and 'code' in start
    assert 'Do nothing.' in (site / 'build' / 'generated' / 'tiny.html').read_text()


@pytest.mark.parametrize(
    ('file', 'old', 'new', 'said'),
    [
        ('docs/index.md', '(page.md', '(pages.md', "not found: 'pages.md#a-section'"),
        ('docs/index.md', '#a-section', '#no-section', "in doc 'page': 'no-section'"),
        ('docs/index.md', '../mmseg_tome/apply.py', '../mmseg_tome/gone.py', 'gone.py'),
        ('docs/index.md', '\npage\n', '\n', "document isn't included in any toctree"),
        ('docs/page.md', 'tiny.documented', 'tiny.gone', 'target not found: tiny.gone'),
        ('tiny.py', '    """Do nothing."""\n', '    return\n', 'tiny.documented is exported, but'),
        ('tiny.py', "['documented']", "['documented', 'gone']", 'gone'),
    ],
    ids=['page', 'anchor', 'code', 'unlisted', 'reference', 'docstring', 'name'],
)
def test_what_is_wrong_stops_the_build(site, file, old, new, said):
    text = (site / file).read_text(encoding='utf-8')
    assert old in text
    (site / file).write_text(text.replace(old, new))
    done = build(site)
    assert done.returncode != 0
    assert said in done.stderr
