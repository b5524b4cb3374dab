"""Who computes an op: its reference in plain PyTorch, a path for CPUs, or a Triton kernel.

Every op asks here, and nothing else decides. The conditions are cheap, since they are asked at each
call, and constants to compilers.
"""

import importlib
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from .backend import chosen_backend
from .compiling import constant_when_compiled, is_tracing
from .cpu.machine import chunks_are_faster, onednn_is_faster
from .registry import launchers

# fp64 is for references, and stays with PyTorch.
KERNEL_DTYPES = (torch.float32, torch.float16, torch.bfloat16)
# Older GPUs lack bf16, and Triton no longer supports them.
_LEAST_CAPABILITY = (8, 0)
# Multiplications below which setting up a convolution costs more than it saves.
_LEAST_MULTIPLICATIONS = 2**22
# Channels of a head that the kernel keeps in registers.
_LARGEST_HEAD = 128
# Tokens from which on normalizing them by a kernel saves a GPU as much time as it takes Python
# longer to launch it, 40 us (on the machine of an H200).
_LEAST_NORMALIZED = 2**15
# Fewer scores of a head than this are not worth the steps that chunks of them take.
_LEAST_SCORES = 3 * 2**17


def runs_kernel(tokens: Tensor) -> bool:
    """Whether an op on these tokens is computed by its Triton kernel.

    Raises:
        RuntimeError: If the backend is ``'triton'`` and kernels cannot run on such tensors.
    """
    backend, device = chosen_backend(), tokens.device.type
    if backend in ('torch', 'reference'):
        return False
    if tokens.dtype not in KERNEL_DTYPES or tokens.numel() == 0:
        return False
    if backend == 'auto':
        return device == 'cuda' and not _is_traced() and not _unavailable_reason(device)
    if reason := _unavailable_reason(device):
        raise RuntimeError(f"backend 'triton' cannot run: {reason}; choose 'auto' or 'torch'")
    return True


def runs_inference_kernel(tokens: Tensor, *others: Tensor | None) -> bool:
    """The same for a kernel without a backward pass: not if a gradient is needed of any tensor."""
    if torch.is_grad_enabled() and any(
        tensor is not None and tensor.requires_grad for tensor in (tokens, *others)
    ):
        return False
    return runs_kernel(tokens)


def runs_row_tiles(tokens: Tensor) -> bool:
    """Whether to compute in row tiles: for inference on a CPU, outside of compilers and autocast.

    Not where kernels run in the interpreter, which is to take the same way as a GPU.
    """
    return (
        tokens.device.type == 'cpu'
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled('cpu')
        and is_eager()
        and chosen_backend() != 'reference'
        and not runs_kernel(tokens)
    )


def recomputes() -> bool:
    """Whether a training step may compute again what is cheap, instead of keeping it."""
    # Compilers decide by themselves what to compute again.
    eager = torch.is_grad_enabled() and is_eager()
    return eager and chosen_backend() != 'reference'


def runs_training_tiles(tokens: Tensor) -> bool:
    """Whether such a step is done in row tiles: on a CPU, where gradients can be summed over them.

    In fp16 and bf16 the sums would be rounded too often.
    """
    is_exact = tokens.element_size() >= 4 and not torch.is_autocast_enabled('cpu')
    return tokens.device.type == 'cpu' and is_exact and chosen_backend() != 'reference'


def runs_onednn(x: Tensor, num_outputs: int) -> bool:
    """Whether ``x`` ``[..., K]`` times ``[num_outputs, K]``, transposed, is left to oneDNN."""
    # Compilers choose by themselves, and exported models should say what they mean.
    if not is_eager() or chosen_backend() == 'reference':
        return False
    if x.device.type != 'cpu' or x.dtype != torch.float32 or torch.is_autocast_enabled('cpu'):
        return False  # oneDNN has no fp64, and does matrix products in lower precision anyway
    if torch.get_num_threads() == 1:
        return False  # here PyTorch itself computes 1x1 convolutions by MKL
    is_large = x.numel() * num_outputs >= _LEAST_MULTIPLICATIONS
    return is_large and onednn_is_faster() and bool(torch.backends.mkldnn.enabled)


def runs_chunked_attention(q: Tensor, k: Tensor, dropout_p: float) -> bool:
    """Whether attention is worked on in chunks: where that pays for products by oneDNN."""
    if dropout_p or not runs_onednn(q, k.shape[2]) or not chunks_are_faster():
        return False
    return q.shape[2] * k.shape[2] >= _LEAST_SCORES


def runs_weighted_attention(q: Tensor, k: Tensor, v: Tensor, dropout_p: float) -> bool:
    """Whether attention with a bias per key is a kernel: on tensor cores, and without gradients."""
    # In fp32 there is nothing to gain over PyTorch's own.
    if dropout_p or q.element_size() != 2 or q.shape[-1] > _LARGEST_HEAD:
        return False
    return runs_inference_kernel(q, k, v)


def runs_norm_kernel(tokens: Tensor) -> bool:
    """Whether tokens ``[..., C]`` are normalized by a kernel: in inference, where they are many.

    Or where a kernel is launched once and replayed, or somebody asked for kernels. Compilers write
    such kernels themselves, and fuse them with what is around.
    """
    if not runs_kernel(tokens):
        return False
    if chosen_backend() == 'triton':
        return True
    if torch.compiler.is_compiling() or (torch.is_grad_enabled() and tokens.requires_grad):
        return False
    many = tokens.numel() >= _LEAST_NORMALIZED * tokens.shape[-1]
    return many or torch.cuda.is_current_stream_capturing()


def is_eager() -> bool:
    """Whether operations are computed as they are called, and nothing rewrites or records them."""
    return not torch.compiler.is_compiling() and not _is_traced()


def _is_traced() -> bool:
    """Whether a function transform or the older tracer wants to see operations of PyTorch alone."""
    return is_tracing() or is_transformed()


def is_transformed() -> bool:
    """Whether derivatives are taken by ``torch.func`` or forwards, or ``torch.func.vmap`` is on."""
    if torch.compiler.is_compiling():  # exporting counts as a transform, and none is asked for
        return False
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def call_kernel(name: str, tensor: Tensor, *args: Any) -> Any:
    """Call ``torch.ops.mmseg_tome.<name>``, where :func:`runs_kernel` said so.

    PyTorch's dispatcher takes longer for an operator written in Python than a small kernel does. It
    is left out where it has nothing to do: no gradient to record, and nobody who watches.
    """
    if torch.compiler.is_compiling() or _is_watched(tensor, *args):
        return getattr(torch.ops.mmseg_tome, name)(tensor, *args)
    return launchers[name](tensor, *args)


def _is_watched(*args: Any) -> bool:
    lists = [arg if isinstance(arg, list) else [arg] for arg in args]
    tensors = [arg for each in lists for arg in each if isinstance(arg, Tensor)]
    if torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        return True
    plain = all(type(tensor) in (Tensor, torch.nn.Parameter) for tensor in tensors)
    return not plain or is_in_torch_dispatch_mode()


@constant_when_compiled
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
