"""Norms of tokens as models call them."""

from typing import Any

from torch import Tensor

from .ops import layer_norm
from .ops.dispatch import runs_norm_kernel
from .plain import TOKEN_NORMS, is_plain


def normalize(norm: Any, tokens: Tensor) -> Tensor:
    """Call a norm, or compute what it does by a kernel if it is plain and kernels run.

    Args:
        norm: A module that takes tokens.
        tokens: ``[B, N, C]``.

    Returns:
        ``[B, N, C]``.
    """
    if runs_norm_kernel(tokens) and is_plain(norm, TOKEN_NORMS) and norm.bias is not None:
        return layer_norm(tokens, norm.weight, norm.bias, norm.eps)
    out: Tensor = norm(tokens)
    return out
