"""Where a number comes from: device, threads, versions, commit, date."""

import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import torch

from ..version import __version__

# The distributions that results may depend on, beside torch; those that are not there are left out.
PACKAGES = (
    *('mmengine', 'onedl-mmengine', 'mmcv', 'mmcv-lite', 'onedl-mmcv'),
    *('mmsegmentation', 'onedl-mmsegmentation', 'mmpose', 'tomesd'),
)
# As mmengine logs the environment: "GPU 0: NVIDIA H200", or "GPU 0,1: …".
_GPU = re.compile(r'^\s+GPU ([\d,]+): (.+)$', re.MULTILINE)


def provenance(device: str) -> dict[str, str | int]:
    """Describe what is measured in this process on a device, as columns of a table."""
    threads = torch.get_num_threads() if device == 'cpu' else 0
    return {'device': device_name(device), 'threads': threads, **_common()}


def provenance_of_run(log: Path) -> dict[str, str | int]:
    """Describe a ``mim`` run, from its log: it may have run on another machine."""
    gpus = _GPU.findall(log.read_text())
    if not gpus:
        return provenance('cpu')
    device = ', '.join(f'{len(numbers.split(","))}× {name}' for numbers, name in gpus)
    return {'device': device, 'threads': 0, **_common()}


def _common() -> dict[str, str]:
    found = {'mmseg_tome': __version__, **package_versions()}
    return {
        'versions': ', '.join(f'{name} {version}' for name, version in found.items()),
        'commit': commit(),
        'date': str(date.today()),
    }


def package_versions() -> dict[str, str]:
    """The versions of the packages below this one that are installed."""
    found = {'torch': str(torch.__version__)}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def device_name(device: str) -> str:
    """The name of the processor or GPU."""
    if device != 'cpu':
        return torch.cuda.get_device_name(device)
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """The commit of the checkout; with ``-dirty-`` and a hash of the changes if there are any.

    For a copy without its history, the environment variable ``MMSEG_TOME_COMMIT`` says; empty
    without it.
    """
    try:
        described = _git('describe', '--always', '--dirty', '--exclude=*').decode().strip()
        if not described.endswith('-dirty'):
            return described
        # Two trees with different changes are not the same code.
        return f'{described}-{hashlib.sha256(_git("diff", "HEAD")).hexdigest()[:8]}'
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get('MMSEG_TOME_COMMIT', '')


def _git(*arguments: str) -> bytes:
    command = ['git', '-C', str(Path(__file__).parent), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def caption(results: Iterable[Mapping], samples: Mapping[str, int] | None = None) -> str:
    """Say where results were measured, each thing once.

    Args:
        results: Their provenance, as :func:`provenance` returns it; other keys are ignored.
        samples: Number of images by split.
    """
    results = list(results)
    devices = dict.fromkeys(_device_with_threads(result) for result in results)
    versions = dict.fromkeys(result['versions'] for result in results)
    commits = dict.fromkeys(result['commit'] or 'no repository' for result in results)
    dates = sorted({result['date'] for result in results})
    counted = ', '.join(f'{n} {split}' for split, n in (samples or {}).items())
    return (
        f'{" and ".join(devices)}; {" and ".join(versions)}; '
        f'commit{"s" * (len(commits) > 1)} {", ".join(commits)}; '
        f'{" to ".join(dict.fromkeys((dates[0], dates[-1])))}.'
        f'{f" Samples: {counted}." * bool(counted)}'
    )


def _device_with_threads(result: Mapping) -> str:
    threads = result['threads']
    return result['device'] + (f', {threads} thread{"s" * (threads > 1)}' if threads else '')
