"""Averaging tokens over the windows of their map, and copying windows back to tokens."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .dispatch import call_kernel, runs_kernel
from .layout import to_map, to_tokens


def pool_tokens(tokens: Tensor, hw: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Average every window of the token map, over the tokens that it has.

    Args:
        tokens: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        stride: Height and width of a window; those at the lower and right border may be smaller.

    Returns:
        ``[B, ceil(h / sy) * ceil(w / sx), C]``.
    """
    if runs_kernel(tokens):
        pooled: Tensor = call_kernel('pool_tokens', tokens, *hw, *stride, True)
        return pooled
    token_map = to_map(tokens, hw)
    if all(isinstance(length, int) for length in hw):
        return to_tokens(F.avg_pool2d(token_map, stride, ceil_mode=True))
    # Rounding up asks for the size, which is not known in export: fill up, and average.
    (h, w), (sy, sx) = hw, stride
    right, below = ceil_div(w, sx) * sx - w, ceil_div(h, sy) * sy - h
    full = F.avg_pool2d(F.pad(token_map, (0, right, 0, below)), stride)
    sizes = window_sizes(hw, stride, tokens.device)
    return to_tokens(full) * (sy * sx / sizes[..., None]).to(full.dtype)


def unpool_tokens(pooled: Tensor, hw: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Interpolate the map of windows to that of the tokens, by nearest neighbor.

    This copies a window to its own tokens where the stride divides the map; else windows are
    spread evenly, as ``F.interpolate`` does it, and tokens near a border between two may get the
    other one.

    Args:
        pooled: ``[B, ceil(h / sy) * ceil(w / sx), C]``.
        hw: Height and width of the token map.
        stride: Height and width of a window.

    Returns:
        ``[B, h * w, C]``.
    """
    if runs_kernel(pooled):
        tokens: Tensor = call_kernel('unpool_tokens', pooled, *hw, *stride, False)
        return tokens
    (h, w), (sy, sx) = hw, stride
    pooled_hw = (ceil_div(h, sy), ceil_div(w, sx))
    return to_tokens(F.interpolate(to_map(pooled, pooled_hw), hw, mode='nearest'))


def window_sizes(hw: tuple[int, int], stride: tuple[int, int], device: torch.device) -> Tensor:
    """Count the tokens of each window, ``[1, ceil(h / sy) * ceil(w / sx)]`` in fp32."""
    (h, w), (sy, sx) = hw, stride
    rows, columns = window_lengths(h, sy, device), window_lengths(w, sx, device)
    return (rows[:, None] * columns).view(1, -1)


def window_lengths(n: int, stride: int, device: torch.device) -> Tensor:
    """How many of ``n`` tokens in a row each window of ``stride`` has, in fp32."""
    starts = torch.arange(ceil_div(n, stride), device=device) * stride
    return (n - starts).clamp(max=stride).float()


def ceil_div(n: int, stride: int) -> int:
    """How many windows of ``stride`` tokens it takes for ``n`` tokens in a row."""
    # Of positive numbers alone: exporters to ONNX round quotients of negative ones otherwise.
    return (n + stride - 1) // stride
