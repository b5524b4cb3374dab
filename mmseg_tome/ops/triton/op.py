"""Making PyTorch operators of functions that launch kernels."""

import functools
from collections.abc import Callable
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..registry import kernel_runs, launchers

# Whether kernels run in Triton's interpreter, on a CPU (TRITON_INTERPRET=1).
INTERPRETED = not isinstance(tl.softmax, triton.JITFunction)


Launch = Callable[..., Any]


def kernel_op(name: str) -> Callable[[Launch], Any]:
    """Register a function of tensors as ``torch.ops.mmseg_tome.<name>``.

    ``torch.compile`` sees one opaque operator, without a graph break; a function for fake tensors
    and, where gradients flow, one for the backward pass are registered on the result, a
    ``torch.library.CustomOpDef``.
    """

    def register(launch: Launch) -> Any:
        @functools.wraps(launch)
        def run(tensor: Tensor, *args: Any) -> Any:
            kernel_runs[name] += 1
            with torch.cuda.device_of(tensor):  # Triton launches on the current device
                return launch(tensor, *args)

        launchers[name] = run
        return torch.library.custom_op(f'mmseg_tome::{name}', run, mutates_args=())

    return register


def kernel_dtype(dtype: torch.dtype) -> torch.dtype:
    """The dtype in which kernels get and give values of ``dtype``.

    The same on a GPU. The interpreter neither multiplies nor rounds bf16 as a GPU does, so there
    it is fp32, and PyTorch rounds.
    """
    return torch.float32 if INTERPRETED and dtype == torch.bfloat16 else dtype


def block_of(size: int, largest: int) -> int:
    """The power of two that covers ``size``, from 16 to ``largest``."""
    power: int = triton.next_power_of_2(size)
    return min(max(power, 16), largest)
