"""What this CPU is like. Nothing here may fail on a system that does not tell."""

import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

_CPUINFO = Path('/proc/cpuinfo')  # of Linux, where `platform` does not tell a CPU's vendor


@cache
def onednn_is_faster() -> bool:
    """Whether MKL leaves AVX-512 unused on this CPU, and oneDNN does not."""
    uses_avx512 = torch.backends.cpu.get_cpu_capability() == 'AVX512'
    return uses_avx512 and torch.backends.mkldnn.is_available() and not _is_intel()


def _is_intel() -> bool:
    if platform.system() == 'Darwin':
        return True  # all of Apple's computers that have AVX-512
    try:
        vendor = _CPUINFO.read_text(encoding='utf-8', errors='replace')
    except OSError:  # another system, or a sandbox
        vendor = platform.processor()
    return 'GenuineIntel' in vendor


@cache
def l2_bytes() -> int:
    """The second-level cache of a core; 1 MiB where PyTorch does not tell."""
    capabilities: Mapping[str, Any] = getattr(torch.cpu, 'get_capabilities', dict)()
    return int(capabilities.get('l2_cache_size') or 2**20)
