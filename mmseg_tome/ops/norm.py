"""Normalization of each token by itself."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .dispatch import call_kernel, runs_norm_kernel

# The kernel keeps whole tokens in registers.
_MOST_CHANNELS = 1024


def layer_norm(tokens: Tensor, weight: Tensor, bias: Tensor | None, eps: float = 1e-5) -> Tensor:
    """Compute ``F.layer_norm(tokens, weight.shape, weight, bias, eps)``.

    Args:
        tokens: ``[..., C]``.
        weight: ``[C]``.
        bias: ``[C]``, or None.
        eps: What is added to the variance.

    Returns:
        ``[..., C]``; inside autocast on CUDA in fp32, as PyTorch has it.
    """
    if bias is not None and _fits_kernel(tokens, weight, bias) and runs_norm_kernel(tokens):
        dtype = torch.float32 if _is_autocast(tokens) else tokens.dtype
        needs_grad = tokens.requires_grad or weight.requires_grad or bias.requires_grad
        keep = needs_grad and torch.is_grad_enabled()
        out: Tensor = call_kernel('layer_norm', tokens, weight, bias, eps, dtype, keep)[0]
        return out
    return F.layer_norm(tokens, weight.shape, weight, bias, eps)


def _fits_kernel(tokens: Tensor, weight: Tensor, bias: Tensor) -> bool:
    if tokens.shape[-1:] != weight.shape or weight.shape != bias.shape:
        return False  # several dimensions, or a mistake
    # PyTorch decides which dtypes may be mixed outside of autocast.
    of_one_dtype = tokens.dtype == weight.dtype == bias.dtype
    return (of_one_dtype or _is_autocast(tokens)) and tokens.shape[-1] <= _MOST_CHANNELS


def _is_autocast(tokens: Tensor) -> bool:
    """Whether autocast makes this fp32, as it does on CUDA alone."""
    return tokens.is_cuda and torch.is_autocast_enabled('cuda')
