"""Noise textures that all images take crops of.

Fresh noise for every image would take longer than drawing it. The banks are made once per
process from a fixed seed, so that every process holds the same ones; a image picks where to cut.
"""

from functools import cache
from random import Random

import cv2
import numpy as np

ROWS, COLUMNS = 1536, 3072  # half again as large as the largest image, to leave room to move


def _octaves(rng: np.random.Generator, cells: tuple[int, ...], falloff: float) -> np.ndarray:
    total = np.zeros((ROWS, COLUMNS), np.float32)
    weight = 1.0
    for cell in cells:
        grid = rng.random((ROWS // cell + 2, COLUMNS // cell + 2), np.float32) - 0.5
        total += weight * cv2.resize(grid, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
        weight *= falloff
    return total / total.std()


@cache
def soft() -> np.ndarray:
    """Cloud-like noise, ``[ROWS, COLUMNS]`` uint8 about 128."""
    values = _octaves(np.random.default_rng(1), (256, 128, 64, 32, 16, 8), 0.62)
    return np.clip(values * 42 + 128, 0, 255).astype(np.uint8)


@cache
def leaves() -> np.ndarray:
    """Leafy noise with much detail of a few pixels, ``[ROWS, COLUMNS]`` uint8 about 128."""
    values = _octaves(np.random.default_rng(2), (24, 12, 6, 3, 2), 0.95)
    return np.clip(values * 46 + 128, 0, 255).astype(np.uint8)


@cache
def grit() -> np.ndarray:
    """Stains with fine grain on them, ``[ROWS, COLUMNS]`` int16 about 0, within +-127."""
    values = _octaves(np.random.default_rng(3), (48, 12, 4, 2), 1.0)
    return np.clip(values * 45, -127, 127).astype(np.int16)


@cache
def sensor() -> np.ndarray:
    """Noise of a camera sensor, ``[ROWS, COLUMNS, 3]`` uint8 about 128."""
    rng = np.random.default_rng(4)
    gray = rng.standard_normal((ROWS, COLUMNS, 1), np.float32)
    color = rng.standard_normal((ROWS, COLUMNS, 3), np.float32)
    return np.clip((0.8 * gray + 0.6 * color) * 30 + 128, 0, 255).astype(np.uint8)


def crop(bank: np.ndarray, rng: Random, height: int, width: int) -> np.ndarray:
    """A random crop of a texture, ``[height, width, ...]``; it shares the texture's memory."""
    # Two random numbers whatever the size, so that a street does not change with its size.
    row = int(rng.random() * (bank.shape[0] - height))
    column = int(rng.random() * (bank.shape[1] - width))
    return bank[row : row + height, column : column + width]


def warm_up() -> None:
    """Make all textures now, so that processes forked later share them."""
    for bank in (soft, leaves, grit, sensor):
        bank()
