"""The sky, and the skyline on the horizon."""

from random import Random

import cv2
import numpy as np

from . import noise
from .camera import FAR
from .canvas import Canvas, ramp
from .classes import BUILDING, SKY, VEGETATION


def draw_sky(canvas: Canvas, rng: Random) -> None:
    """Fill the image with sky: a gradient, clouds, and a glow around the sun."""
    height, width = canvas.labels.shape
    light = canvas.light
    # A quarter of the resolution is plenty for something this smooth.
    rows, columns = max(height // 4, 2), max(width // 4, 2)
    end = max(canvas.camera.ground_end, 1.0) / height
    fall = np.clip(np.linspace(0.0, 1.0, rows, dtype=np.float32) / end, 0, 1)[:, None, None]
    zenith, haze = np.float32(light.zenith), np.float32(light.haze)
    sky = zenith + (haze - zenith) * fall**1.3
    sky = np.broadcast_to(sky, (rows, columns, 3)).copy()

    clouds = noise.crop(noise.soft(), rng, 192, 384).astype(np.float32)
    clouds = cv2.resize(clouds, (columns, rows), interpolation=cv2.INTER_LINEAR)[..., None]
    cover = np.clip((clouds - 190 + 130 * light.clouds) / 60, 0, 1)
    bright = np.float32((250, 248, 246)) * (sum(light.ambient) / 3 + 0.5 * light.direct[1]) * 0.95
    white = np.minimum(bright, 252) - np.clip(clouds - 140, 0, 80) * 0.7
    sky += (white - sky) * (cover * (0.9 - 0.5 * fall))

    sun_x, sun_y, sun_z = light.sun
    if sun_z > 0.2 and light.direct[1] > 0.3:
        column = (canvas.camera.center + canvas.camera.focal * sun_x / sun_z) / width * columns
        row = (canvas.camera.horizon - canvas.camera.focal * sun_y / sun_z) / height * rows
        away = np.hypot(
            np.arange(columns, dtype=np.float32)[None] - column,
            np.arange(rows, dtype=np.float32)[:, None] - row,
        )
        sky += (np.exp(-away / (columns * 0.12)) * 90)[..., None]
    sky = np.clip(sky, 0, 255).astype(np.uint8)
    cv2.resize(sky, (width, height), canvas.image, interpolation=cv2.INTER_LINEAR)
    canvas.labels[:] = SKY


def draw_skyline(canvas: Canvas, rng: Random) -> None:
    """Draw hazy buildings and treetops where the ground ends."""
    ground = canvas.camera.ground_end + 1.0
    meter = canvas.camera.scale(FAR)
    width = canvas.camera.width
    height = rng.choice((4.0, 8.0, 12.0))
    column = -0.05 * width
    while column < width:
        block = rng.uniform(8, 26) * meter
        top = ground - rng.uniform(0.5, 1.0) * height * meter
        color = rng.choice(((150, 160, 170), (130, 150, 180), (170, 170, 170), (110, 120, 130)))
        tone = canvas.light.tone(color, canvas.light.gain_on((0, 0, -1)), FAR)
        box = np.array(
            ((column, ground), (column, top), (column + block, top), (column + block, ground))
        )
        canvas.fill(box, tone, BUILDING)
        column += block * rng.uniform(0.9, 1.6)

    green = canvas.light.gain_on((0, 0.7, -0.7))
    dark = canvas.light.tone((28, 48, 34), green, FAR * 0.8)
    bright = canvas.light.tone((70, 120, 90), green, FAR * 0.8)
    count = 150
    tops = [rng.uniform(0.5, 1.0) for _ in range(count)]
    for i in range(1, count):  # neighbors are alike
        tops[i] = 0.7 * tops[i - 1] + 0.3 * rng.uniform(-0.2, 1.4)
    leafy = rng.choice((2.0, 5.0, 9.0))
    outline = [(-5.0, ground)]
    for i, top in enumerate(tops):
        outline.append((width * (i + 0.5) / count, ground - top * leafy * meter))
    outline.append((width + 5.0, ground))
    canvas.fill_texture(np.array(outline), noise.leaves(), rng, ramp(dark, bright), VEGETATION)
