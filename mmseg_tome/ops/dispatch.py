"""Which implementation of an op runs: plain PyTorch or a Triton kernel."""

import importlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

BACKENDS = ('auto', 'torch', 'triton')
# fp64 is for references, and stays with PyTorch.
KERNEL_DTYPES = (torch.float32, torch.float16, torch.bfloat16)
# Older GPUs lack bf16, and Triton no longer supports them.
_LEAST_CAPABILITY = (8, 0)

# How often each kernel op ran in this process; what PyTorch computed is not counted.
kernel_runs: Counter[str] = Counter()

# What launches the kernels of each op.
launchers: dict[str, Callable] = {}

_backend = 'auto'


class use_backend:
    """Choose the implementation of all ops, from now on or for a ``with`` block.

    Args:
        name: ``'auto'``: Triton kernels for CUDA tensors in fp32, fp16 and bf16 if triton is
            installed, else PyTorch. ``'torch'``: always PyTorch. ``'triton'``: kernels, and an
            error where they cannot run; fp64 alone is computed by PyTorch nevertheless.

    Raises:
        ValueError: If there is no such backend.
    """

    def __init__(self, name: str) -> None:
        global _backend
        if name not in BACKENDS:
            raise ValueError(f'backend {name!r} is not allowed: give one of {", ".join(BACKENDS)}')
        self._previous, _backend = _backend, name

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_) -> None:
        global _backend
        _backend = self._previous


def runs_kernel(tokens: Tensor) -> bool:
    """Whether an op on these tokens is computed by its Triton kernel.

    Raises:
        RuntimeError: If the backend is ``'triton'`` and kernels cannot run on such tensors.
    """
    device = tokens.device.type
    if _backend == 'torch' or tokens.dtype not in KERNEL_DTYPES or tokens.numel() == 0:
        return False
    if _backend == 'auto':
        return device == 'cuda' and not torch.jit.is_tracing() and not _unavailable_reason(device)
    if obstacle := _unavailable_reason(device):
        raise RuntimeError(f"backend 'triton' cannot run: {obstacle}; choose 'auto' or 'torch'")
    return True


def call_kernel(name: str, tensor: Tensor, *args: Any) -> Any:
    """Call ``torch.ops.mmseg_tome.<name>``, where :func:`runs_kernel` said so.

    PyTorch's dispatcher takes longer for an operator written in Python than a small kernel does. It
    is left out where it has nothing to do: no gradient to record, and nobody who watches.
    """
    if torch.compiler.is_compiling() or _is_watched(tensor, *args):
        return getattr(torch.ops.mmseg_tome, name)(tensor, *args)
    return launchers[name](tensor, *args)


def _is_watched(*args: Any) -> bool:
    tensors = [arg for arg in args if isinstance(arg, Tensor)]
    if torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        return True
    plain = all(type(tensor) in (Tensor, torch.nn.Parameter) for tensor in tensors)
    return not plain or is_in_torch_dispatch_mode()


@torch.compiler.assume_constant_result
def _unavailable_reason(device: str) -> str:
    """Why kernels cannot run on this type of device; empty if they can."""
    if device not in _unavailable_reasons:
        _unavailable_reasons[device] = _find_unavailable_reason(device)
    return _unavailable_reasons[device]


_unavailable_reasons: dict[str, str] = {}


def _find_unavailable_reason(device: str) -> str:
    try:
        kernels = importlib.import_module('.triton', __package__)
    except ImportError as error:
        return f'triton cannot be imported ({error})'
    if kernels.INTERPRETED:
        return '' if device in ('cpu', 'cuda') else f'no kernels for {device} tensors'
    if device != 'cuda':
        return f'no kernels for {device} tensors, outside of the interpreter of Triton'
    capability = torch.cuda.get_device_capability()
    if capability < _LEAST_CAPABILITY:
        return f'compute capability {capability} is below {_LEAST_CAPABILITY}'
    return ''
