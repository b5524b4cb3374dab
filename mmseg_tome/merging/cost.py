"""Where merging pays: the work that it saves against the time that it takes."""

import math

import torch

from ..ops.compiling import constant_when_compiled
from .base import Merging

# Operations that take as long as the many small steps of merging, whose time hardly depends on the
# number of tokens. Measured by `tools/break_even.py`, which prints the line to set here for another
# machine; a CPU computes the faster the more threads it has, while the small steps do not.
CPU_THRESHOLD_PER_THREAD = 30e6
# The kernels of a merged layer take about 80 us on an H200, where attention runs at 420 TFLOP/s in
# bf16 (docs/performance.md). That is replayed as CUDA graphs: launching them takes Python longer.
GPU_THRESHOLD = 34e9


@constant_when_compiled  # the number of threads cannot be traced
def threshold(device: torch.device) -> float:
    """How many floating-point operations merging must save in one layer to pay on the device."""
    if device.type == 'cpu':
        return CPU_THRESHOLD_PER_THREAD * torch.get_num_threads()
    return GPU_THRESHOLD


def is_faster(
    q: Merging | None,
    kv: Merging | None,
    q_hw: tuple[int, int],
    kv_hw: tuple[int, int],
    channels: int,
    batch: int,
    device: torch.device,
    num_heads: int = 1,
    kv_weighted: bool = False,
) -> bool:
    """Whether merging saves more work in one layer than the device's threshold.

    Args:
        q: How queries are merged, or None.
        kv: How keys and values are merged, or None.
        q_hw: Height and width of the map of queries.
        kv_hw: Height and width of the map of keys and values.
        channels: Channels ``C`` of a token.
        batch: Number of images.
        device: Where the layer is computed.
        num_heads: Number of heads.
        kv_weighted: Whether merged keys are weighted.
    """
    saved = saved_operations(q, kv, q_hw, kv_hw, channels, num_heads, kv_weighted)
    return batch * saved > threshold(device)


def saved_operations(
    q: Merging | None,
    kv: Merging | None,
    q_hw: tuple[int, int],
    kv_hw: tuple[int, int],
    channels: int,
    num_heads: int = 1,
    kv_weighted: bool = False,
) -> int:
    """Count what merging saves in one layer: attention and its projections, less what it adds.

    It adds the matching, and an addition to every logit where merged keys are weighted.

    A multiplication and its addition are two operations.

    Args:
        q: How queries are merged, or None.
        kv: How keys and values are merged, or None.
        q_hw: Height and width of the map of queries.
        kv_hw: Height and width of the map of keys and values.
        channels: Channels ``C`` of a token.
        num_heads: Number of heads.
        kv_weighted: Whether merged keys are weighted.

    Returns:
        The operations saved for one image; negative where matching takes more than it saves.

    Source: Eqs. 2 and 7, with the projections, and the exact numbers of tokens.
    """
    n, m = math.prod(q_hw), math.prod(kv_hw)
    n_left = q.num_tokens(q_hw) if q else n
    m_left = kv.num_tokens(kv_hw) if kv else m
    matched = (q.num_pairs(q_hw) if q else 0) + (kv.num_pairs(kv_hw) if kv else 0)
    added = 2 * matched * channels + kv_weighted * num_heads * n_left * m_left
    return _attention(n, m, channels) - _attention(n_left, m_left, channels) - added


def _attention(n: int, m: int, channels: int) -> int:
    """The two matrix products of attention, and two projections for each side."""
    return 4 * channels * (n * m + (n + m) * channels)
