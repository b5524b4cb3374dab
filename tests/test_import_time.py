"""Importing the package stays lean: what plots, tables and searches need comes with their use."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# mmdet imports it where it is, and with it pandas; tools that tests need bring it.
WITHOUT_SKLEARN = "import sys; sys.modules['sklearn'] = None; "


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools' / 'dev' / 'import_time.py'
    spec = importlib.util.spec_from_file_location('import_time', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_brings_nothing_heavy_that_the_frameworks_do_not_bring(tool):
    pytest.importorskip('mmseg')
    pose = importlib.util.find_spec('mmpose') is not None
    names = f'mmseg.models{", mmpose.models" if pose else ""}'
    frameworks = tool.measure(WITHOUT_SKLEARN + tool.IMPORTS[names])
    ours = tool.measure(WITHOUT_SKLEARN + tool.IMPORTS['mmseg_tome'])
    assert set(ours['heavy']) - set(frameworks['heavy']) == set()
    assert not {'optuna', 'pandas', 'tabulate'} & set(ours['heavy'])


def test_what_is_brought_is_seen(tool):
    seen = tool.measure('import pandas')
    assert 'pandas' in seen['heavy'] and 'optuna' not in seen['heavy']
    assert seen['cpu'] > 0 and seen['wall'] > 0


def test_an_import_that_fails_is_said(tool):
    with pytest.raises(ImportError, match='no_such_module'):
        tool.measure('import no_such_module')
