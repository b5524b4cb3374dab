"""The ranges of versions, and the sentence for what is outside them."""

from pathlib import Path

import pytest

from mmseg_tome.compat import versions


@pytest.fixture(autouse=True)
def _fakes_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)


def test_what_is_installed_here_is_supported():
    assert versions.installed_version('torch') is not None
    versions.check()


@pytest.mark.parametrize(
    ('distribution', 'found'),
    [
        ('torch', '2.5.1'),
        ('torch', '3.0.0'),
        ('mmengine', '0.9.1'),
        ('mmengine', '0.11.0'),
        ('onedl-mmengine', '0.11.0'),
        ('mmcv', '1.7.2'),
        ('mmcv', '2.2.0'),
        ('mmcv-lite', '2.2.0'),
        ('onedl-mmcv', '2.4.0'),
        ('mmsegmentation', '1.2.0'),
        ('mmsegmentation', '2.0.0'),
        ('onedl-mmsegmentation', '1.5.0'),
        ('mmpose', '1.2.0'),
        ('mmpose', '1.4.0'),
    ],
)
def test_a_version_outside_the_range_is_named(distribution, found, fake_distribution):
    fake_distribution(distribution, found)

    with pytest.raises(ImportError) as caught:
        versions.check()

    (sentence,) = [s for s in str(caught.value).splitlines() if f'with {distribution} ' in s]
    supported = versions.SUPPORTED[distribution]
    assert f'{supported}, but {found} is installed' in sentence
    assert 'pip install ' in sentence
    assert f"'{distribution}{supported}'" in sentence


@pytest.mark.parametrize(
    ('distribution', 'found'),
    [
        ('torch', '2.6.0'),
        ('torch', '2.13.0+cu130'),
        ('torch', '2.14.0.dev20260901'),
        ('mmengine', '0.10.0'),
        ('onedl-mmengine', '0.10.12'),
        ('mmcv', '2.1.0'),
        ('mmcv-lite', '2.0.0rc4'),
        ('mmsegmentation', '1.2.1'),
        ('onedl-mmsegmentation', '1.4.2'),
        ('mmpose', '1.3.0'),
    ],
)
def test_a_version_inside_the_range_passes(distribution, found, fake_distribution):
    if distribution == 'mmsegmentation' and versions.installed_version('onedl-mmcv'):
        pytest.skip('beside the fork of mmcv, only the fork of mmsegmentation passes')
    fake_distribution(distribution, found)
    assert versions.installed_version(distribution) == found
    versions.check()


def test_every_package_outside_its_range_gets_a_sentence(fake_distribution):
    fake_distribution('torch', '2.5.1')
    fake_distribution('mmcv-lite', '2.2.0')

    with pytest.raises(ImportError) as caught:
        versions.check()

    first, second = str(caught.value).splitlines()
    assert 'torch' in first
    assert 'mmcv-lite' in second


def test_the_fork_of_mmcv_needs_the_fork_of_mmseg(fake_distribution):
    fake_distribution('onedl-mmcv', '2.3.6')
    fake_distribution('mmsegmentation', '1.2.2')
    with pytest.raises(ImportError, match=r'accepts mmcv .*, but onedl-mmcv 2\.3\.6 is installed'):
        versions.check()


def test_missing_packages_are_no_matter(monkeypatch):
    monkeypatch.setattr(versions, 'installed_version', lambda distribution: None)
    versions.check()


@pytest.mark.parametrize('found', ['3.9.18', '3.14.0'])
def test_python_outside_the_range_is_named(found, monkeypatch):
    monkeypatch.setattr(versions.platform, 'python_version', lambda: found)
    with pytest.raises(ImportError, match=f'needs Python >=3.10,<3.14, but this is Python {found}'):
        versions.check()


def test_setuptools_without_pkg_resources_is_named(fake_distribution, monkeypatch):
    fake_distribution('setuptools', '82.0.0')
    fake_distribution('mmengine', '0.10.7')
    monkeypatch.setattr(versions.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match=r"setuptools 82\.0\.0 is installed.*'setuptools<82'"):
        versions.check()


def test_mend_stops_before_it_touches_anything(run, fake_distribution):
    fake_distribution('torch', '2.5.1')
    printed = run("""
from mmseg_tome.compat import patch
try:
    patch()
except ImportError as error:
    print(error)
assert not {'mmcv._ext', 'mmengine', 'torchvision'} & set(sys.modules)
""")
    assert printed.startswith('mmseg_tome works with torch >=2.6,<3, but 2.5.1 is installed')


def test_no_mmcv_is_said_in_one_sentence(monkeypatch):
    original = versions.importlib.util.find_spec
    monkeypatch.setattr(
        versions.importlib.util,
        'find_spec',
        lambda name, *rest: None if name == 'mmcv' else original(name, *rest),
    )

    with pytest.raises(ImportError, match=r"neither is installed; .*'mmseg_tome\[seg\]'"):
        versions.check()
