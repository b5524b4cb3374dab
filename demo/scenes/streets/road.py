"""Road, curbs, sidewalks, and what is painted on the road."""

from dataclasses import dataclass
from math import log
from random import Random

import numpy as np

from ..drawing.camera import FAR, Camera
from ..drawing.canvas import Canvas, Pixel
from ..drawing.ground import UP
from ..drawing.light import Color, scale_color

_START = 1.5  # meters ahead of the camera; nearer ground is below the image


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
    """Outline in pixels of the ground between two offsets and two distances in meters."""
    start = max(start, _START)
    count = max(2, int(8 * log(end / start)) + 2) if camera.bend or camera.rise else 2
    steps = [start * (end / start) ** (i / (count - 1)) for i in range(count)]
    there = [camera.project_point(left, 0.0, z) for z in steps]
    return there + [camera.project_point(right, 0.0, z) for z in reversed(steps)]


def draw_strip(canvas: Canvas, strip: Strip) -> None:
    """Draw a band of ground over what is there."""
    lit = canvas.light.gain_on(UP)
    # Haze follows distance: paint far to near, each part in its own tone.
    for start, end in ((60, FAR), (28, 61), (12, 28.5), (_START, 12.2)):
        start, end = max(start, strip.start), min(end, strip.end)
        if start < end:
            outline = band(canvas.camera, strip.left, strip.right, start, end)
            canvas.fill(outline, canvas.light.tone(strip.color, lit, (start * end) ** 0.5))
    whole = band(canvas.camera, strip.left, strip.right, strip.start, strip.end)
    canvas.fill_labels(whole, strip.label)


def paint(
    canvas: Canvas, left: float, right: float, start: float, end: float, color: Color
) -> None:
    """Draw paint, tar or paving on the ground, from ``start`` to ``end`` meters ahead; no label."""
    tone = canvas.light.tone(color, canvas.light.gain_on(UP), (start + end) / 2)
    canvas.fill(band(canvas.camera, left, right, start, end), tone)


def draw_slabs(canvas: Canvas, left: float, right: float, color: Color, slab: float) -> None:
    """Draw the joints between paving slabs, ``slab`` meters apart, as far as they can be seen."""
    tone = canvas.light.tone(scale_color(color, 0.72), canvas.light.gain_on(UP), 8)
    z = np.arange(2.0, 26.0, slab)
    joints = np.zeros((len(z), 4, 3))
    joints[:, :, 0] = (left, right, right, left)
    joints[:, :, 2] = z[:, None] + np.array((0, 0, 0.03, 0.03))
    canvas.fill_polygons(canvas.camera.project(joints), tone)
    for x in np.arange(left + slab, right, slab):
        canvas.fill(band(canvas.camera, x, x + 0.02, _START, 20), tone)


def draw_lane_lines(canvas: Canvas, rng: Random, lanes: list[float], edges: list[float]) -> None:
    """Dashed lines between lanes, full lines along the edges; all worn to some degree."""
    white = 255 * rng.uniform(0.6, 0.95)
    color = (white, white, white)
    dash, period = rng.choice(((3.0, 9.0), (4.0, 8.0), (1.5, 3.5)))
    start = rng.uniform(0, period)
    for x in lanes:
        z = start - period
        while z < 100:
            if z + dash > _START:
                paint(canvas, x - 0.07, x + 0.07, max(z, _START), z + dash, color)
            z += period
    for x in edges:
        for begin, end in ((40, 110), (_START, 41)):
            paint(canvas, x - 0.06, x + 0.06, begin, end, color)


def draw_crossing(canvas: Canvas, rng: Random, left: float, right: float, z: float) -> None:
    """A crosswalk ``z`` meters ahead, with a stop line in front of it."""
    white = 255 * rng.uniform(0.7, 0.95)
    x = left + 0.3
    while x < right - 0.5:
        paint(canvas, x, x + 0.5, z, z + 3.0, (white, white, white))
        x += 1.0
    paint(canvas, (left + right) / 2, right - 0.2, z - 1.6, z - 1.2, (white, white, white))


def draw_wear(canvas: Canvas, rng: Random, left: float, right: float, asphalt: Color) -> None:
    """Repairs, wheel tracks, manhole covers and an arrow on the road."""
    for _ in range(rng.randrange(1, 5)):
        x, z = rng.uniform(left, right - 2), rng.uniform(4, 40)
        by = rng.choice((0.7, 0.8, 1.15))
        width, length = rng.uniform(0.5, 3), rng.uniform(1, 14)
        paint(canvas, x, min(x + width, right), z, z + length, scale_color(asphalt, by))
    for _ in range(rng.randrange(0, 4)):
        x, z = rng.uniform(left + 0.5, right - 0.5), rng.uniform(5, 30)
        turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        rim = np.stack((x + 0.33 * np.cos(turn), 0 * turn, z + 0.33 * np.sin(turn)), -1)
        tone = canvas.light.tone((48, 50, 52), canvas.light.gain_on(UP), z)
        canvas.fill(canvas.camera.project(rim), tone)
    if rng.random() < 0.35:
        x, z = rng.uniform(left + 1.5, right - 1.5), rng.uniform(8, 24)
        arrow = ((-0.08, 0), (-0.08, 2), (-0.3, 2), (0, 3.4), (0.3, 2), (0.08, 2), (0.08, 0))
        outline = canvas.camera.project([(x + dx, 0.0, z + dz) for dx, dz in arrow])
        canvas.fill(outline, canvas.light.tone((215, 215, 215), canvas.light.gain_on(UP), z))
