"""Sizes of the token maps of a MiT, from those of the image, and which images are too small."""

from collections.abc import Sequence

import torch

from .ops.compiling import is_tracing


def map_sizes(
    hw: tuple[int, int],
    patch_sizes: Sequence[int],
    strides: Sequence[int],
    down_sample: bool = False,
) -> list[tuple[int, int]]:
    """Height and width of each stage's token map, from those of the image in pixels.

    Args:
        hw: Height and width of the image.
        patch_sizes: Side of a patch of each stage's patch embedding, which pads by half of it.
        strides: Stride of each stage's patch embedding.
        down_sample: Whether the image is halved first.
    """
    h, w = (x // 2 for x in hw) if down_sample else hw
    sizes = []
    for patch, stride in zip(patch_sizes, strides, strict=True):
        h, w = ((x + 2 * (patch // 2) - patch) // stride + 1 for x in (h, w))
        sizes.append((h, w))
    return sizes


def smallest_side(
    patch_sizes: Sequence[int], strides: Sequence[int], sr_ratios: Sequence[int]
) -> int:
    """Pixels that an image must have in height and width, for every spatial reduction to fit.

    Each stage needs at least ``sr_ratio`` tokens a side; from the last one back, that is what the
    stage before it, or the image, must have.
    """
    side = 1
    for patch, stride, ratio in reversed(list(zip(patch_sizes, strides, sr_ratios, strict=True))):
        side = (max(side, ratio) - 1) * stride + patch - 2 * (patch // 2)
    return side


def check_down_sample(image: torch.Tensor, smallest: int) -> None:
    """Check that an image can be halved; compiled and traced, that is for the layers to find out.

    Args:
        image: ``[B, C, H, W]``.
        smallest: :func:`smallest_side` of what takes the half.

    Raises:
        ValueError: If it is too small. It names the size and the smallest that is allowed.
    """
    if torch.compiler.is_compiling() or is_tracing():
        return
    h, w = image.shape[2:]
    if min(h, w) < 2 * smallest:
        raise ValueError(
            f"an image of {w}x{h} pixels is too small for tome_cfg = 'downsample', which halves "
            f'it: give at least {2 * smallest} pixels in width and height'
        )
