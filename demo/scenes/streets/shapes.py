"""Simple upright shapes that face the camera: rings, boxes, poles."""

from math import cos, pi, sin
from random import Random

from ..drawing.canvas import Canvas, Pixel
from ..drawing.classes import POLE
from ..drawing.light import Color, scale_color

FACING_CAMERA = (0.0, 0.3, -0.95)
_METAL: tuple[Color, ...] = ((112, 112, 110), (84, 88, 84), (60, 66, 60), (150, 150, 148))


def ring(x: float, y: float, z: float, radius: float, corners: int, turn: float) -> list:
    """Corners of a regular polygon about (x, y, z) meters, turned by ``turn`` radians."""
    at = [turn + 2 * pi * i / corners for i in range(corners)]
    return [(x + radius * sin(a), y + radius * cos(a), z) for a in at]


def box(x0: float, y0: float, x1: float, y1: float, z: float) -> list:
    """Corners of the rectangle from (x0, y0) to (x1, y1), ``z`` meters away."""
    return [(x0, y0, z), (x0, y1, z), (x1, y1, z), (x1, y0, z)]


def project_all(canvas: Canvas, points: list) -> list[Pixel]:
    """Project world points to (column, row) pixels."""
    return [canvas.camera.project_point(*point) for point in points]


def draw_pole(
    canvas: Canvas, rng: Random, x: float, z: float, height: float, width: float
) -> Color:
    """Draw an upright pole on the ground, in meters; returns the color that it took."""
    gain = canvas.light.gain_on(FACING_CAMERA, 0.6 * canvas.shade_at(x, z))
    tone = canvas.light.tone(rng.choice(_METAL), gain, z)
    ends = canvas.bar((x, 0.0, z), (x, height, z), width, tone, POLE)
    pixels = width * canvas.camera.scale(z)
    if pixels > 4:  # the sunny side of a round pole
        side = 0.25 if canvas.light.sun[0] > 0 else -0.25
        bright = scale_color(tone, 1.35, limit=255.0)
        (foot_x, foot_y), (top_x, top_y) = ends
        shift = side * pixels
        canvas.stroke((foot_x + shift, foot_y), (top_x + shift, top_y), pixels * 0.2, bright)
    return tone
