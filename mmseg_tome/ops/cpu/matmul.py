"""Matrix products on a CPU, by the faster of the two libraries that PyTorch comes with."""

import platform
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight

# Multiplications below which setting up a convolution costs more than it saves.
_LEAST_PRODUCTS = 2**22
_CPUINFO = Path('/proc/cpuinfo')  # of Linux, where `platform` does not tell a CPU's vendor


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute ``F.linear(x, weight, bias)``.

    PyTorch multiplies fp32 matrices by MKL, and convolves by oneDNN. MKL uses AVX-512 on Intel's
    CPUs alone; on others oneDNN takes less than half the time for the same sums
    (``tools/benchmark_matmul.py``). There a large product is computed as a 1x1
    convolution of a map with one row, forward and backward.

    Args:
        x: ``[..., K]``.
        weight: ``[N, K]``.
        bias: ``[N]``, or None.

    Returns:
        ``[..., N]``.
    """
    if not convolution_pays(x, weight.shape[0]):
        return F.linear(x, weight, bias)
    out = F.conv2d(_as_map(x), weight[:, :, None, None], bias)
    return out.permute(0, 2, 3, 1).reshape(*x.shape[:-1], weight.shape[0])


def linear_weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """Compute the gradient of :func:`linear`'s weight, ``grad.T @ x``.

    Args:
        x: What the weight was applied to, ``[..., K]``.
        grad: The gradient of the result, ``[..., N]``.

    Returns:
        ``[N, K]``.
    """
    n, k = grad.shape[-1], x.shape[-1]
    if not convolution_pays(x, n):
        return grad.reshape(-1, n).t() @ x.reshape(-1, k)
    return conv2d_weight(_as_map(x), (n, k, 1, 1), _as_map(grad)).flatten(1)


def convolution_pays(x: Tensor, num_outputs: int) -> bool:
    """Whether the product of ``x`` ``[..., K]`` with ``[num_outputs, K]`` is left to oneDNN."""
    # Compilers choose by themselves, and exported models should say what they mean.
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return False
    if x.device.type != 'cpu' or x.dtype != torch.float32 or torch.is_autocast_enabled('cpu'):
        return False  # oneDNN has no fp64, and does the products in lower precision anyway
    if torch.get_num_threads() == 1:
        return False  # here PyTorch itself computes 1x1 convolutions by MKL
    large = x.numel() * num_outputs >= _LEAST_PRODUCTS
    return large and _mkl_is_slower() and torch.backends.mkldnn.enabled


@cache
def _mkl_is_slower() -> bool:
    """Whether MKL leaves AVX-512 unused on this CPU, and oneDNN does not."""
    uses_avx512 = torch.backends.cpu.get_cpu_capability() == 'AVX512'
    return uses_avx512 and torch.backends.mkldnn.is_available() and not _is_intel()


def _is_intel() -> bool:
    vendor = _CPUINFO.read_text() if _CPUINFO.exists() else platform.processor()
    return 'GenuineIntel' in vendor


def _as_map(x: Tensor) -> Tensor:
    """View ``[..., K]`` as the channels-last map ``[1, K, 1, rows]``."""
    return x.reshape(1, 1, -1, x.shape[-1]).permute(0, 3, 1, 2)
