"""Trees, bushes and hedges. Trunks are vegetation; so are the gaps in a crown that show the sky."""

from functools import cache
from random import Random

import cv2
import numpy as np

from ..drawing import noise
from ..drawing.canvas import Canvas, ramp
from ..drawing.classes import VEGETATION
from ..drawing.light import Color

LEAF_COLORS: tuple[tuple[Color, Color], ...] = (
    ((14, 34, 22), (78, 150, 108)),
    ((16, 40, 30), (70, 165, 130)),
    ((24, 44, 28), (96, 150, 104)),
    ((10, 30, 26), (60, 130, 120)),
    ((16, 44, 60), (60, 150, 190)),
    ((22, 34, 20), (80, 116, 76)),
)

_GRID = 48
_SLOPE = np.linspace(-1, 1, _GRID, dtype=np.float32)


@cache
def _dome() -> np.ndarray:
    """1 at the middle, 0 on the circle that fits the square, below 0 outside."""
    axis = np.linspace(-1.1, 1.1, _GRID, dtype=np.float32)
    return 1 - (axis[None] ** 2 + axis[:, None] ** 2)


def draw_crown(
    canvas: Canvas,
    rng: Random,
    box: tuple[float, float, float, float],
    z: float,
    leaf: tuple[Color, Color],
    shaded: float,
) -> None:
    """Draw leaves within ``box`` (left, top, right, bottom, in pixels) at distance ``z``."""
    texture_rng = Random(rng.getrandbits(32))
    left, top, right, bottom = (round(value) for value in box)
    crown_width, crown_height = max(right - left, 2), max(bottom - top, 2)
    height, width = canvas.labels.shape
    x0, y0, x1, y1 = (
        max(left, 0),
        max(top, 0),
        min(left + crown_width, width),
        min(top + crown_height, height),
    )
    if x0 >= x1 or y0 >= y1:
        return
    # Shape and light change slowly over a crown: they are made small, in bytes, and scaled up.
    lumps = noise.crop(noise.soft(), texture_rng, 6 * _GRID, 6 * _GRID)[::6, ::6]
    body = _dome() + 0.95 * (lumps.astype(np.float32) / 128 - 1)
    sun_x, sun_y, _ = canvas.light.sun
    value = 0.33 + 0.14 * body + 0.23 * (sun_x * _SLOPE[None] - sun_y * _SLOPE[:, None])
    coarse = np.stack((128 + 90 * body, 255 * value), -1)
    coarse = np.clip(coarse, 0, 255).astype(np.uint8)
    # Only the part that is in the image is scaled up.
    move = np.float32(((crown_width / _GRID, 0, left - x0), (0, crown_height / _GRID, top - y0)))
    size = (x1 - x0, y1 - y0)
    body, value = cv2.split(cv2.warpAffine(coarse, move, size))
    detail = noise.crop(noise.leaves(), texture_rng, size[1], size[0])
    ragged = cv2.addWeighted(body, 1.0, detail, 0.25, -0.25 * 128)
    index = cv2.addWeighted(value, 1.0, detail, 0.6, -0.6 * 128)
    crown = cv2.compare(body, 139, cv2.CMP_GT)
    leafy = cv2.bitwise_and(cv2.compare(ragged, 137, cv2.CMP_GT), crown)

    gain = canvas.light.gain_on((0.0, 0.8, -0.6), shaded)
    colors = ramp(canvas.light.tone(leaf[0], gain, z), canvas.light.tone(leaf[1], gain, z))
    cv2.copyTo(cv2.applyColorMap(index, colors), leafy, canvas.image[y0:y1, x0:x1])
    canvas.labels[y0:y1, x0:x1][crown > 0] = VEGETATION


def draw_tree(canvas: Canvas, rng: Random, x: float, z: float, height: float) -> None:
    """A tree ``height`` meters high that stands at (x, z)."""
    leaf = rng.choice(LEAF_COLORS)
    shaded = 0.5 * canvas.shade_at(x, z)
    bark = canvas.light.tone((52, 64, 76), canvas.light.gain_on((0.0, 0.3, -0.9), shaded), z)
    width = height * rng.uniform(0.45, 0.75)
    clear = height * rng.uniform(0.2, 0.38)
    lean = rng.uniform(-0.3, 0.3)
    canvas.bar((x, -0.05, z), (x + lean, clear * 1.5, z), 0.045 * height, bark, VEGETATION)
    for turn in (-1, 1):
        fork = (x + lean + turn * width * 0.25, clear * 1.9, z)
        canvas.bar((x + lean * 0.7, clear, z), fork, 0.02 * height, bark, VEGETATION)
    (left, top), (right, bottom) = canvas.camera.project(
        ((x + lean - width / 2, height, z), (x + lean + width / 2, clear, z))
    )
    draw_crown(canvas, rng, (left, top, right, bottom), z, leaf, shaded)


def draw_bush(canvas: Canvas, rng: Random, x: float, z: float, height: float) -> None:
    """A bush ``height`` meters high that stands at (x, z)."""
    width = height * rng.uniform(1.0, 1.8)
    (left, top), (right, bottom) = canvas.camera.project(
        ((x - width / 2, height * 1.1, z), (x + width / 2, -0.2 * height, z))
    )
    leaf = rng.choice(LEAF_COLORS)
    draw_crown(canvas, rng, (left, top, right, bottom), z, leaf, 0.5 * canvas.shade_at(x, z))


def draw_hedge(
    canvas: Canvas, rng: Random, side: int, x: float, near: float, far: float, height: float
) -> None:
    """A clipped hedge along the street, 0.8 meters deep; ``side`` as for a building."""
    low, bright = rng.choice(LEAF_COLORS)
    light, camera, deep = canvas.light, canvas.camera, 0.8 * side
    faces = (
        (
            [(x, 0, near), (x, height, near), (x + deep, height, near), (x + deep, 0, near)],
            (0.0, 0.0, -1.0),
        ),
        (
            [
                (x, height, near),
                (x + deep, height, near),
                (x + deep, height, far),
                (x, height, far),
            ],
            (0.0, 1.0, 0.0),
        ),
        (
            [(x, 0, near), (x, height, near), (x, height, far), (x, 0, far)],
            (-float(side), 0.0, 0.0),
        ),
    )
    shaded = canvas.shade_at(x - side, (near + far) / 2)
    for corners, normal in faces:
        gain = light.gain_on(normal, shaded)
        colors = ramp(light.tone(low, gain, near), light.tone(bright, gain, near))
        canvas.fill_texture(camera.project(corners), noise.leaves(), rng, colors, VEGETATION)
