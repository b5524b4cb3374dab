"""The ground: road, curbs, sidewalks, grass, and what is painted on the road."""

from dataclasses import dataclass
from math import log
from random import Random

import cv2
import numpy as np

from . import noise
from .camera import FAR, Camera
from .classes import ROAD, SIDEWALK, TERRAIN
from .light import Color
from .stage import Pixel, Stage

_START = 1.5  # meters ahead of the camera; nearer ground is below the picture
UP = (0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Strip:
    """A band of ground from ``left`` to ``right`` meters beside the street's center line.

    It runs along the whole street unless ``start`` and ``end`` (meters ahead) limit it.
    """

    left: float
    right: float
    color: Color
    label: int
    start: float = _START
    end: float = FAR


def band(camera: Camera, left: float, right: float, start: float, end: float) -> list[Pixel]:
    """Outline of the ground between two offsets and two distances."""
    start = max(start, _START)
    count = max(2, int(8 * log(end / start)) + 2) if camera.bend or camera.rise else 2
    steps = [start * (end / start) ** (i / (count - 1)) for i in range(count)]
    there = [camera.spot(left, 0.0, z) for z in steps]
    return there + [camera.spot(right, 0.0, z) for z in reversed(steps)]


def draw_open_ground(stage: Stage) -> None:
    """Cover all ground with grass, for the strips to be painted on."""
    top = min(max(int(stage.camera.ground_end), 0), stage.camera.height - 1)
    tone = stage.light.tone((70, 110, 95), stage.light.on(UP), 60)
    corner = (stage.camera.width, stage.camera.height)
    cv2.rectangle(stage.image, (0, top), corner, tone, cv2.FILLED)
    cv2.rectangle(stage.labels, (0, top), corner, TERRAIN, cv2.FILLED)


def draw_strip(stage: Stage, strip: Strip) -> None:
    """Paint a band of ground over what is there."""
    lit = stage.light.on(UP)
    # Haze follows distance: paint far to near, each part in its own tone.
    for start, end in ((60, FAR), (28, 61), (12, 28.5), (_START, 12.2)):
        start, end = max(start, strip.start), min(end, strip.end)
        if start < end:
            outline = band(stage.camera, strip.left, strip.right, start, end)
            stage.fill(outline, stage.light.tone(strip.color, lit, (start * end) ** 0.5))
    whole = band(stage.camera, strip.left, strip.right, strip.start, strip.end)
    stage.mark(whole, strip.label)


def paint(stage: Stage, left: float, right: float, start: float, end: float, color: Color) -> None:
    """Put paint, tar or paving on the ground without changing what the ground is."""
    tone = stage.light.tone(color, stage.light.on(UP), (start + end) / 2)
    stage.fill(band(stage.camera, left, right, start, end), tone)


def draw_slabs(stage: Stage, left: float, right: float, color: Color, slab: float) -> None:
    """Draw the joints between paving slabs, ``slab`` meters apart, as far as they can be seen."""
    tone = stage.light.tone(tuple(0.72 * c for c in color), stage.light.on(UP), 8)
    z = np.arange(2.0, 26.0, slab)
    joints = np.zeros((len(z), 4, 3))
    joints[:, :, 0] = (left, right, right, left)
    joints[:, :, 2] = z[:, None] + np.array((0, 0, 0.03, 0.03))
    stage.fill_each(stage.camera.project(joints), tone)
    for x in np.arange(left + slab, right, slab):
        stage.fill(band(stage.camera, x, x + 0.02, _START, 20), tone)


def draw_lane_lines(stage: Stage, rng: Random, lanes: list[float], edges: list[float]) -> None:
    """Dashed lines between lanes, full lines along the edges; all worn to some degree."""
    white = 255 * rng.uniform(0.6, 0.95)
    color = (white, white, white)
    dash, period = rng.choice(((3.0, 9.0), (4.0, 8.0), (1.5, 3.5)))
    start = rng.uniform(0, period)
    for x in lanes:
        z = start - period
        while z < 100:
            if z + dash > _START:
                paint(stage, x - 0.07, x + 0.07, max(z, _START), z + dash, color)
            z += period
    for x in edges:
        for begin, end in ((40, 110), (_START, 41)):
            paint(stage, x - 0.06, x + 0.06, begin, end, color)


def draw_crossing(stage: Stage, rng: Random, left: float, right: float, z: float) -> None:
    """A zebra crossing over the road at distance ``z``, with a stop line before it."""
    white = 255 * rng.uniform(0.7, 0.95)
    x = left + 0.3
    while x < right - 0.5:
        paint(stage, x, x + 0.5, z, z + 3.0, (white, white, white))
        x += 1.0
    paint(stage, (left + right) / 2, right - 0.2, z - 1.6, z - 1.2, (white, white, white))


def draw_wear(stage: Stage, rng: Random, left: float, right: float, asphalt: Color) -> None:
    """Repairs, wheel tracks, manhole covers and an arrow on the road."""
    for _ in range(rng.randrange(1, 5)):
        x, z = rng.uniform(left, right - 2), rng.uniform(4, 40)
        by = rng.choice((0.7, 0.8, 1.15))
        wide, long = rng.uniform(0.5, 3), rng.uniform(1, 14)
        paint(stage, x, min(x + wide, right), z, z + long, tuple(by * c for c in asphalt))
    for _ in range(rng.randrange(0, 4)):
        x, z = rng.uniform(left + 0.5, right - 0.5), rng.uniform(5, 30)
        turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        rim = np.stack((x + 0.33 * np.cos(turn), 0 * turn, z + 0.33 * np.sin(turn)), -1)
        tone = stage.light.tone((48, 50, 52), stage.light.on(UP), z)
        stage.fill(stage.camera.project(rim), tone)
    if rng.random() < 0.35:
        x, z = rng.uniform(left + 1.5, right - 1.5), rng.uniform(8, 24)
        arrow = ((-0.08, 0), (-0.08, 2), (-0.3, 2), (0, 3.4), (0.3, 2), (0.08, 2), (0.08, 0))
        outline = stage.camera.project([(x + dx, 0.0, z + dz) for dx, dz in arrow])
        stage.fill(outline, stage.light.tone((215, 215, 215), stage.light.on(UP), z))


def finish_ground(stage: Stage, rng: Random, shadows: np.ndarray) -> None:
    """Lay the shadows on the ground, and the grain of asphalt, stone and grass in perspective.

    Args:
        shadows: ``[H, W]`` uint8, 255 where a shadow falls.
    """
    height, width = stage.labels.shape
    camera, light = stage.camera, stage.light
    top = min(max(int(np.ceil(camera.ground_end)), 0), height - 2)
    rows = np.arange(top, height, dtype=np.float32)
    below = np.maximum(rows - camera.horizon + camera.focal * camera.rise * 40, 1.0)
    z = np.float32(camera.focal * camera.eye) / below
    columns = np.arange(width, dtype=np.float32) - np.float32(camera.center)
    per_meter = np.float32(38)
    map_x = cv2.gemm((z / np.float32(camera.focal) * per_meter)[:, None], columns[None], 1, None, 0)
    map_x += np.float32(rng.uniform(500, 2000))
    map_y = np.empty_like(map_x)
    map_y[:] = (z * per_meter * np.float32(0.5))[:, None]
    grain = cv2.remap(noise.leaves(), map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    strength = np.zeros(256, np.uint8)
    strength[ROAD], strength[SIDEWALK], strength[TERRAIN] = 20, 20, 64
    strength = cv2.LUT(stage.labels[top:], (strength * rng.uniform(0.5, 1.3)).astype(np.uint8))
    # Far away the grain averages out.
    strength = strength * np.minimum(np.float32(10) / z, 1)[:, None]
    grain = cv2.subtract(grain, 128.0, dtype=cv2.CV_16S)
    gain = cv2.multiply(strength, grain, scale=1 / 128 / 128, dtype=cv2.CV_32F)
    cv2.add(gain, 1.0, gain)

    lit, dark = light.on(UP), light.on(UP, shaded=1.0)
    soft = max(1, width // 512) * 2 + 1
    shadow = cv2.multiply(cv2.blur(shadows[top:], (soft, soft)), gain, dtype=cv2.CV_32F)
    factors = [
        cv2.addWeighted(gain, 1.0, shadow, 0.9 / 255 * (d / b - 1), 0.0)
        for d, b in zip(dark, lit, strict=True)
    ]
    part = stage.image[top:]
    cv2.multiply(part, cv2.merge(factors), part, dtype=cv2.CV_8U)
