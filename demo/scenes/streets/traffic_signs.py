"""Traffic signs."""

from math import pi
from random import Random

from ..drawing.canvas import Canvas
from ..drawing.classes import TRAFFIC_SIGN
from ..drawing.light import Color
from .shapes import FACING_CAMERA, box, draw_pole, project_all, ring


def draw_sign(canvas: Canvas, rng: Random, x: float, y: float, z: float, kind: str) -> None:
    """Draw the plate of a traffic sign whose middle is at (x, y, z) meters.

    Args:
        canvas: What is drawn on.
        rng: Samples what is written on it.
        x: Meters to the right of the road's center line.
        y: Meters above the ground.
        z: Meters ahead of the camera.
        kind: 'ban', 'warning', 'stop', 'blue', 'parking', 'yield' or 'board'.
    """
    gain = canvas.light.gain_on(FACING_CAMERA, 0.5 * canvas.shade_at(x, z))
    # Signs reflect: they stay brighter than what surrounds them.
    blue_gain, green_gain, red_gain = gain
    gain = 0.6 * blue_gain + 0.35, 0.6 * green_gain + 0.35, 0.6 * red_gain + 0.35

    def plate(outline, color: Color, label: int | None = None) -> None:
        canvas.fill(project_all(canvas, outline), canvas.light.tone(color, gain, z), label)

    red, white, blue = (36, 30, 196), (236, 236, 236), (170, 82, 20)
    if kind == 'ban':
        plate(ring(x, y, z, 0.36, 18, 0.0), red, TRAFFIC_SIGN)
        plate(ring(x, y, z, 0.27, 18, 0.0), white)
        if rng.random() < 0.7:
            plate(box(x - 0.14, y - 0.1, x - 0.03, y + 0.1, z), (30, 30, 30))
            plate(box(x + 0.03, y - 0.1, x + 0.14, y + 0.1, z), (30, 30, 30))
    elif kind == 'stop':
        plate(ring(x, y, z, 0.4, 8, pi / 8), red, TRAFFIC_SIGN)
        plate(box(x - 0.26, y - 0.09, x + 0.26, y + 0.09, z), white)
    elif kind in ('warning', 'yield'):
        turn = 0.0 if kind == 'warning' else pi
        plate(ring(x, y, z, 0.48, 3, turn), red, TRAFFIC_SIGN)
        plate(ring(x, y, z, 0.3, 3, turn), white)
        if kind == 'warning':
            plate(box(x - 0.03, y - 0.1, x + 0.03, y + 0.14, z), (30, 30, 30))
    elif kind == 'blue':
        plate(ring(x, y, z, 0.34, 18, 0.0), blue, TRAFFIC_SIGN)
        plate(box(x - 0.05, y - 0.2, x + 0.05, y + 0.12, z), white)
        plate(ring(x, y + 0.12, z, 0.14, 3, 0.0), white)
    elif kind == 'parking':
        plate(box(x - 0.3, y - 0.3, x + 0.3, y + 0.3, z), blue, TRAFFIC_SIGN)
        plate(box(x - 0.14, y - 0.2, x - 0.05, y + 0.2, z), white)
        plate(box(x - 0.05, y, x + 0.14, y + 0.2, z), white)
    else:
        color = rng.choice((blue, (60, 140, 40), (40, 200, 240), white))
        width, height = rng.uniform(0.5, 1.1), rng.uniform(0.2, 0.45)
        text = (40, 40, 40) if color[2] > 200 else white
        plate(box(x - width, y - height, x + width, y + height, z), color, TRAFFIC_SIGN)
        rows = 2 if height > 0.33 else 1
        for row in range(rows):
            mid = y + (0.0 if rows == 1 else (0.4 - 0.8 * row) * height)
            end = x + width * rng.uniform(0.1, 0.8)
            plate(box(x - 0.8 * width, mid - 0.08, end, mid + 0.08, z), text)


def draw_sign_post(canvas: Canvas, rng: Random, x: float, z: float) -> None:
    """A thin post with one to three signs."""
    height = rng.uniform(2.4, 3.4)
    draw_pole(canvas, rng, x, z, height, 0.075)
    kinds = ('ban', 'ban', 'warning', 'stop', 'blue', 'blue', 'parking', 'yield', 'board')
    y = height - 0.35
    for _ in range(rng.choice((1, 1, 2, 3))):
        kind = rng.choice(kinds)
        draw_sign(canvas, rng, x, y, z - 0.02, kind)
        y -= 0.85 if kind != 'board' else 1.1
        if y < 1.4:
            break
