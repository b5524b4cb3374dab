"""The versions that this project works with, and one clear sentence for any other."""

import importlib.util
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from packaging.specifiers import SpecifierSet

# 3.14 removed pkgutil.find_loader, which mmengine 0.10.7 calls in every training run.
PYTHON = '>=3.10,<3.14'

# By name of the distribution, because the maintained forks (onedl-*) number their own releases.
SUPPORTED = {
    # 2.6 is the first whose torch.load is weights-only unless told otherwise, and whose list of
    # allowed types takes a name beside a type (numpy 1 and 2 spell the same function differently).
    'torch': '>=2.6,<3',
    'mmengine': '>=0.10.0,<0.11',
    'onedl-mmengine': '>=0.10.8,<0.11',
    # mmseg 1.2 and mmdet 3.3 refuse mmcv 2.2.
    'mmcv': '>=2.0.0rc4,<2.2.0',
    'mmcv-lite': '>=2.0.0rc4,<2.2.0',
    'onedl-mmcv': '>=2.3.0,<2.4',
    # The wheel of 1.2.0 lacks a file that mmseg.models reads when imported.
    'mmsegmentation': '>=1.2.1,<1.3',
    'onedl-mmsegmentation': '>=1.3.0,<1.5',
    'mmpose': '>=1.3.0,<1.4',
}
# Checked where a model of such a library is converted, and not before.
CONVERTED = {'transformers': '>=4.57,<6'}
# mmpose requires chumpy, which does not build on a current pip and which nothing in it imports.
PIP_OPTIONS = {'mmpose': '--no-deps '}


def check() -> None:
    """Compare what is installed with what is supported.

    OpenMMLab may be missing as a whole, but where a part of it is, mmengine and mmcv must be too.

    Raises:
        ImportError: One sentence per package that is outside its range: what is installed, what
            is supported, and the pip command that fixes it.
    """
    complaints = [
        *_check_python(),
        *_check_foundations(),
        *_check_ranges(),
        *_check_forks(),
        *_check_pkg_resources(),
    ]
    if complaints:
        raise ImportError('\n'.join(complaints))


def installed_version(distribution: str) -> str | None:
    """Read the version of a distribution from its metadata; None if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def is_installed(package: str) -> bool:
    """Return whether a package can be found, without importing it.

    A folder of that name without an ``__init__``, such as a git clone of mmpose beside a script,
    imports as an empty namespace, and is no installed package.
    """
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None


def require_openmmlab(what: str) -> None:
    """Say how to get OpenMMLab, where something that builds on it is used without it.

    Args:
        what: What is used, the start of the sentence, such as ``'apply_tome'``.

    Raises:
        ModuleNotFoundError: If mmengine is not installed.
    """
    if not is_installed('mmengine'):
        raise ModuleNotFoundError(
            f'{what} needs MMSegmentation or MMPose, and neither is installed; get it with: '
            "pip install 'mmseg_tome[seg]' (for poses see docs/install.md)",
            name='mmengine',
        )


def require_supported(distribution: str) -> None:
    """Check the version of a library whose models are converted.

    Args:
        distribution: A key of :data:`CONVERTED`.

    Raises:
        ImportError: If it is outside its range.
    """
    supported, found = CONVERTED[distribution], installed_version(distribution)
    if found is not None and not _is_in_range(found, supported):
        raise ImportError(_outside(distribution, supported, found))


def _check_python() -> Iterator[str]:
    found = platform.python_version()
    if not _is_in_range(found, PYTHON):
        yield f'mmseg_tome needs Python {PYTHON}, but this is Python {found}.'


def _check_foundations() -> Iterator[str]:
    there = [name for name in ('mmengine', 'mmcv', 'mmseg', 'mmpose') if is_installed(name)]
    if there and 'mmengine' not in there:
        yield (
            f'{there[0]} is installed, but mmengine, which it builds on, is not; '
            f"fix it with: pip install 'mmengine{SUPPORTED['mmengine']}'"
        )
    if there and 'mmcv' not in there:
        yield (
            'mmseg_tome needs mmcv or mmcv-lite, which MMSegmentation and MMPose build on, but '
            "neither is installed; fix it with: pip install 'mmseg_tome[seg]'"
        )


def _check_ranges() -> Iterator[str]:
    for distribution, supported in SUPPORTED.items():
        found = installed_version(distribution)
        if found is not None and not _is_in_range(found, supported):
            yield _outside(distribution, supported, found)


def _outside(distribution: str, supported: str, found: str) -> str:
    return (
        f'mmseg_tome works with {distribution} {supported}, but {found} is installed; '
        f'fix it with: pip install {PIP_OPTIONS.get(distribution, "")}'
        f"'{distribution}{supported}'"
    )


def _check_forks() -> Iterator[str]:
    """mmseg asserts its range of mmcv when imported, and the fork of mmcv is above that range."""
    fork = installed_version('onedl-mmcv')
    mmseg = installed_version('mmsegmentation')
    if fork is not None and mmseg is not None:
        yield (
            f'mmsegmentation {mmseg} accepts mmcv {SUPPORTED["mmcv"]}, but onedl-mmcv {fork} is '
            'installed; fix it with: pip uninstall -y mmsegmentation && '
            f"pip install 'onedl-mmsegmentation{SUPPORTED['onedl-mmsegmentation']}'"
        )


def _check_pkg_resources() -> Iterator[str]:
    """mmengine resolves ``mmseg::…`` with ``pkg_resources``; its fork does not need it."""
    if installed_version('mmengine') is None or importlib.util.find_spec('pkg_resources'):
        return
    found = installed_version('setuptools')
    yield (
        'mmengine and mim import pkg_resources, which comes with setuptools <82, but '
        f'{f"setuptools {found}" if found else "no setuptools"} is installed; '
        "fix it with: pip install 'setuptools<82'"
    )


def _is_in_range(found: str, supported: str) -> bool:
    return SpecifierSet(supported).contains(found, prereleases=True)
