"""What this CPU is like. Nothing here may fail on a system that does not tell."""

import platform
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

_CPUINFO = Path('/proc/cpuinfo')  # of Linux, where `platform` does not tell a CPU's vendor
# AMD's Zen 4, the first of its CPUs with AVX-512, in the words of Linux and of Windows.
_ZEN4 = re.compile(r'cpu family\s*: 25\b|Family 25\b.*AuthenticAMD')


@cache
def onednn_is_faster() -> bool:
    """Whether MKL leaves AVX-512 unused on this CPU, and oneDNN does not."""
    uses_avx512 = torch.backends.cpu.get_cpu_capability() == 'AVX512'
    return uses_avx512 and torch.backends.mkldnn.is_available() and not _is_intel()


@cache
def chunks_are_faster() -> bool:
    """Whether attention in chunks by oneDNN is faster than PyTorch's.

    Not where a CPU computes AVX-512 in halves: it gains little by it, less than chunks cost.
    """
    return onednn_is_faster() and not _ZEN4.search(_about())


def _is_intel() -> bool:
    if platform.system() == 'Darwin':
        return True  # all of Apple's computers that have AVX-512
    return 'GenuineIntel' in _about()


def _about() -> str:
    try:
        return _CPUINFO.read_text(encoding='utf-8', errors='replace')
    except OSError:  # another system, or a sandbox
        return platform.processor()


@cache
def l2_bytes() -> int:
    """The second-level cache of a core; 1 MiB where PyTorch does not tell."""
    capabilities: Mapping[str, Any] = getattr(torch.cpu, 'get_capabilities', dict)()
    return int(capabilities.get('l2_cache_size') or 2**20)
