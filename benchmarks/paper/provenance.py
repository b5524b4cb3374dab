"""Where a table's figures come from, in a line."""

import importlib.metadata
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import torch

from mmseg_tome.analysis.provenance import commit, device_name
from mmseg_tome.version import __version__

_PACKAGES = ('mmengine', 'mmcv', 'mmcv-lite', 'mmsegmentation', 'mmpose')
# As mmengine logs the environment: "GPU 0: NVIDIA H200", or "GPU 0,1: …".
_GPU = re.compile(r'^\s+GPU ([\d,]+): (.+)$', re.MULTILINE)


def versions() -> str:
    """The versions of this package and of those below it."""
    found = {'mmseg_tome': __version__, 'torch': torch.__version__}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ', '.join(f'{name} {version}' for name, version in found.items())


def here(device: str) -> dict[str, str]:
    """Provenance of what was computed in this process."""
    threads = torch.get_num_threads()
    suffix = f', {threads} thread{"s" * (threads > 1)}' if device == 'cpu' else ''
    return {'device': device_name(device) + suffix, **_common()}


def of_run(log: Path) -> dict[str, str]:
    """Provenance of a ``mim`` run, from its log: it may have run on another machine."""
    gpus = _GPU.findall(log.read_text())
    if gpus:
        device = ', '.join(f'{len(numbers.split(","))}× {name}' for numbers, name in gpus)
    else:
        device = device_name('cpu')
    return {'device': device, **_common()}


def _common() -> dict[str, str]:
    return {
        'versions': versions(),
        'commit': commit() or 'no repository',
        'date': str(date.today()),
    }


def caption(results: Iterable[Mapping[str, str]], samples: Mapping[str, int] | None = None) -> str:
    """Say where the cells of a table were computed, each thing once."""
    results = list(results)
    parts = [
        ' and '.join(dict.fromkeys(result[name] for result in results))
        for name in ('device', 'versions')
    ]
    commits = dict.fromkeys(result['commit'] for result in results)
    dates = sorted({result['date'] for result in results})
    counted = ', '.join(f'{n} {split}' for split, n in (samples or {}).items())
    return (
        f'{"; ".join(parts)}; commit{"s" * (len(commits) > 1)} {", ".join(commits)}; '
        f'{" to ".join(dict.fromkeys((dates[0], dates[-1])))}.'
        f'{f" Samples: {counted}." * bool(counted)}'
    )
