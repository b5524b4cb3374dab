"""Where the windows of a sliding-window inference lie, and how many go through at once."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .mit import SettingError

# Pixels of all windows of one forward pass, unless `window_batch` says how many windows. A CPU is
# busy with one window of 512x512, and more take longer each, since less stays in its caches.
# Elsewhere kernels are launched for more at a time, in the memory of a whole image of 4 megapixels.
_PIXELS = {'cpu': 2**18}
_PIXELS_ELSEWHERE = 2**22


@dataclass(frozen=True)
class Windows:
    """Overlapping windows of one size that cover an image; those at its end are moved inside.

    Args:
        size: Height and width of a window in pixels; the image's where that is smaller than a crop.
        tops: The first rows of the windows.
        lefts: The first columns of the windows.
        batch: How many of them go through the model at once.
    """

    size: tuple[int, int]
    tops: list[int]
    lefts: list[int]
    batch: int

    @classmethod
    def over(cls, image: Tensor, settings: Mapping[str, Any]) -> 'Windows':
        """Lay windows as mmseg's ``slide_inference`` does.

        Args:
            image: ``[B, C, H, W]``.
            settings: With ``crop_size`` and ``stride``, (height, width) in pixels; and
                ``window_batch``, or None or nothing for a default by memory.

        Raises:
            SettingError: If a setting is missing or not allowed, or windows leave pixels out.
        """
        crop_h, crop_w = _pair(settings, 'crop_size')
        stride_h, stride_w = _pair(settings, 'stride')
        height, width = image.shape[2:]
        size = min(crop_h, height), min(crop_w, width)
        tops, lefts = _starts(height, crop_h, stride_h), _starts(width, crop_w, stride_w)
        for starts, side in zip((tops, lefts), size, strict=True):
            if any(second - first > side for first, second in itertools.pairwise(starts)):
                raise SettingError(
                    f'test_cfg.stride = {(stride_h, stride_w)} is larger than crop_size = '
                    f'{(crop_h, crop_w)}: pixels between windows would be in none of them'
                )
        return cls(size, tops, lefts, _batch(settings.get('window_batch'), size, image.device.type))

    def counts(self, image: Tensor) -> Tensor:
        """Count the windows that a pixel is in: ``[H, W]``, on the image's device, in its dtype."""
        rows, columns = (image.new_zeros(length) for length in image.shape[2:])
        for counted, starts, side in zip(
            (rows, columns), (self.tops, self.lefts), self.size, strict=True
        ):
            for start in starts:
                counted[start : start + side] += 1
        return torch.outer(rows, columns)


def _starts(length: int, crop: int, stride: int) -> list[int]:
    num = max(length - crop + stride - 1, 0) // stride + 1
    return [max(min(i * stride, length - crop), 0) for i in range(num)]


def _batch(given: Any, size: tuple[int, int], device: str) -> int:
    if given is None:
        return max(1, _PIXELS.get(device, _PIXELS_ELSEWHERE) // math.prod(size))
    if type(given) is not int or given < 1:
        raise SettingError(
            f'test_cfg.window_batch = {given!r} is not allowed: give the number of windows that go '
            'through the model at once, at least 1, or leave it out for a default by memory'
        )
    return given


def _pair(settings: Mapping[str, Any], name: str) -> tuple[int, int]:
    value: Any = settings.get(name)
    is_pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not (is_pair and all(type(side) is int and side > 0 for side in value)):
        raise SettingError(
            f"test_cfg.{name} = {value!r} is not allowed with mode = 'slide': give (height, width) "
            'in pixels'
        )
    height, width = value
    return height, width
