"""The memory that predicting an image takes on a CPU at its peak, each in a process of its own."""

import math
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from mmseg_tome.analysis.benchmark import OUT_OF_MEMORY
from mmseg_tome.analysis.implementations import Implementation, implementation
from mmseg_tome.analysis.results import Result
from mmseg_tome.analysis.workload import Workload

ROOT = Path(__file__).resolve().parents[1]
_CHILD = 'import sys; from benchmarks import peak_memory as p; print(p.peak_bytes(*sys.argv[1:]))'


def measure(
    workloads: Sequence[Workload],
    implementations: Sequence[Implementation],
    on_step: Callable[[], None] = lambda: None,
) -> list[Result]:
    """Measure what every prediction of one image adds to the memory of its process.

    Args:
        workloads: Inferences of one image in fp32 on a CPU.
        implementations: The models.
        on_step: Called after each.

    Returns:
        A row each, of the metric ``peak_bytes``; NaN, with a note, of what does not fit.

    Raises:
        RuntimeError: If a process ends with another error, with its last line.
    """
    rows = []
    for workload in workloads:
        for one in implementations:
            sizes = map(str, (workload.width, workload.height))
            done = subprocess.run(
                [sys.executable, '-c', _CHILD, str(one), workload.variant, workload.scope, *sizes],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            peak, note = _outcome(done, f'{workload}, {one}')
            about = {**workload.columns(), **one.columns(), 'note': note}
            rows.append(Result('peak-memory', 'peak_bytes', peak, unit='bytes', samples=1, **about))
            on_step()
    return rows


def peak_bytes(model: str, variant: str, scope: str, width: str, height: str) -> int:
    """Measure this process while it predicts one random image; it needs Linux.

    Args:
        model: Implementation and strategy.
        variant: ``'b0'`` to ``'b5'``.
        scope: See :class:`mmseg_tome.analysis.workload.Workload`.
        width: Of the image in pixels.
        height: Of the image in pixels.

    Returns:
        The most that the process had in memory while it predicted, less what it had before.
    """
    built = implementation(model).build(variant, scope)
    image = torch.randn(1, 3, int(height), int(width))
    _limit_memory()
    with torch.inference_mode():
        built(image[..., :128, :128])  # loads what PyTorch loads at first use
        Path('/proc/self/clear_refs').write_text('5')  # the peak is now what there is now
        before = _status('VmRSS')
        built(image)
    return _status('VmHWM') - before


def _outcome(done: subprocess.CompletedProcess, what: str) -> tuple[float, str]:
    if done.returncode == 0:
        return float(done.stdout.split()[-1]), ''
    *_, reason = ('', *done.stderr.strip().splitlines())
    if "can't allocate memory" in reason or 'MemoryError' in reason:
        return math.nan, OUT_OF_MEMORY
    raise RuntimeError(f'{what}: {reason or f"ended with {done.returncode}"}')


def _limit_memory() -> None:
    """Fail where memory ends, before the kernel ends this process or another one."""
    free = re.search(r'MemAvailable:\s+(\d+) kB', Path('/proc/meminfo').read_text())
    if free is not None:
        limit = _status('VmSize') + 1024 * int(free[1]) * 9 // 10
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _status(name: str) -> int:
    found = re.search(rf'^{name}:\s+(\d+) kB', Path('/proc/self/status').read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f'/proc/self/status does not say {name}')
    return 1024 * int(found[1])
