"""Where a figure comes from: device, versions, date, commit."""

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

import torch

from ..version import __version__


def provenance(device: str) -> dict[str, str | int]:
    """Describe what a measurement on this device was made with, as columns of a table."""
    return {
        'device': device_name(device),
        'threads': torch.get_num_threads() if device == 'cpu' else 0,
        'torch': torch.__version__,
        'mmseg_tome': __version__,
        'commit': commit(),
        'date': str(date.today()),
    }


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
    """The commit of the checkout, with ``-dirty`` if files were changed.

    For a copy without its history, the environment variable ``MMSEG_TOME_COMMIT`` says; empty
    without it.
    """
    command = ['git', '-C', str(Path(__file__).parent), 'describe', '--always', '--dirty']
    try:
        return subprocess.run(
            [*command, '--exclude=*'], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get('MMSEG_TOME_COMMIT', '')
