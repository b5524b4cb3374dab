"""The kernels that exist: modules of kernels write here, and the dispatcher reads."""

from collections import Counter
from collections.abc import Callable
from typing import Any

# What launches the kernels of each op.
launchers: dict[str, Callable[..., Any]] = {}

# How often each kernel op ran in this process; what PyTorch computed is not counted.
kernel_runs: Counter[str] = Counter()
