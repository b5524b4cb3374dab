"""Street lamps, utility poles, bollards and trash cans."""

from random import Random

from ..drawing.canvas import Canvas
from ..drawing.classes import IGNORE, POLE
from ..drawing.light import Color, scale_color
from .shapes import FACING_CAMERA, box, draw_pole, project_all


def draw_lamp(canvas: Canvas, rng: Random, x: float, z: float, side: int) -> None:
    """A street lamp; its arm reaches over the road, away from ``side``."""
    height = rng.uniform(5.5, 8.5)
    tone = draw_pole(canvas, rng, x, z, height, rng.uniform(0.12, 0.18))
    reach = -side * rng.uniform(0.8, 2.0)
    canvas.bar((x, height - 0.05, z), (x + reach, height + 0.3, z), 0.09, tone, POLE)
    lit = (190, 235, 255) if canvas.light.lamps else scale_color(tone, 1.2, limit=255.0)
    canvas.bar(
        (x + reach * 0.8, height + 0.25, z), (x + reach * 1.3, height + 0.3, z), 0.2, lit, POLE
    )


def draw_utility_pole(canvas: Canvas, rng: Random, x: float, z: float) -> None:
    """A wooden or concrete mast with a cross-arm."""
    height = rng.uniform(6.5, 9.5)
    color = rng.choice(((56, 70, 88), (120, 124, 126)))
    tone = canvas.light.tone(
        color, canvas.light.gain_on(FACING_CAMERA, 0.6 * canvas.shade_at(x, z)), z
    )
    canvas.bar((x, 0.0, z), (x, height, z), rng.uniform(0.18, 0.26), tone, POLE)
    canvas.bar((x - 0.9, height - 0.6, z), (x + 0.9, height - 0.6, z), 0.1, tone, POLE)


def draw_bollard(canvas: Canvas, x: float, z: float, color: Color) -> None:
    """A post a meter high that keeps cars off the sidewalk."""
    tone = canvas.light.tone(color, canvas.light.gain_on(FACING_CAMERA), z)
    canvas.bar((x, 0.0, z), (x, 0.95, z), 0.1, tone, POLE)


def draw_trash_can(canvas: Canvas, rng: Random, x: float, z: float) -> None:
    """A trash can or a switch box. It belongs to none of the classes, so it is ignored."""
    width, height = rng.uniform(0.4, 0.9), rng.uniform(0.9, 1.4)
    color = rng.choice(((70, 90, 60), (90, 90, 90), (60, 120, 190), (130, 140, 140)))
    body = box(x - width / 2, 0.0, x + width / 2, height, z)
    canvas.fill(
        project_all(canvas, body),
        canvas.light.tone(color, canvas.light.gain_on(FACING_CAMERA), z),
        IGNORE,
    )
    lid = project_all(canvas, box(x - width / 2, height * 0.86, x + width / 2, height, z))
    dark = scale_color(color, 0.6)
    canvas.fill(lid, canvas.light.tone(dark, canvas.light.gain_on(FACING_CAMERA), z))
