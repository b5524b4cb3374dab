"""Hurdles, bars, mats, and other equipment."""

from random import Random

from ...drawing.canvas import Canvas
from ...drawing.classes import POLE, WALL
from ...drawing.light import Color, scale_color
from .path import Path, draw_box

WHITE: Color = (238, 238, 238)
GRAY: Color = (150, 150, 150)


def draw_hurdle(canvas: Canvas, path: Path, along: float, right: float, color: Color) -> None:
    """A hurdle across a lane whose middle is ``right`` meters beside the path."""
    half, height = 0.59, 0.91
    for side in (-1, 1):
        edge = right + side * half
        foot = path.point(along, edge, 0.02), path.point(along - 0.65, edge, 0.02)
        canvas.bar(*foot, 0.05, _lit(canvas, GRAY, path, along), POLE)
        upright = path.point(along, edge, 0.0), path.point(along, edge, height)
        canvas.bar(*upright, 0.05, _lit(canvas, GRAY, path, along), POLE)
    up = (height - 0.07, height)
    for start, end, paint in (
        (-half - 0.02, -0.34, color),
        (-0.34, 0.34, WHITE),
        (0.34, half + 0.02, color),
    ):
        draw_box(canvas, path, (along, along + 0.02), (right + start, right + end), up, paint, POLE)


def draw_bar(
    canvas: Canvas, path: Path, right: float, height: float, half: float, color: Color
) -> None:
    """A bar along the path on two uprights, as in the high jump."""
    for end in (-half, half):
        tone = _lit(canvas, WHITE, path, end)
        canvas.bar(path.point(end, right), path.point(end, right, height + 0.4), 0.07, tone, POLE)
    ends = [(-half, -half + 0.5), (half - 0.5, half)]
    for start, end in ((-half, half), *ends):
        paint = color if (start, end) in ends else (225, 225, 235)
        tone = _lit(canvas, paint, path, 0.0)
        bar = path.point(start, right, height), path.point(end, right, height)
        canvas.bar(*bar, 0.035, tone, POLE)


def draw_mat(
    canvas: Canvas,
    path: Path,
    along: tuple[float, float],
    right: tuple[float, float],
    height: float,
    color: Color,
) -> None:
    """A landing mat: a colored block with a paler cover."""
    draw_box(canvas, path, along, right, (0.0, height - 0.12), color, WALL)
    blue, green, red = scale_color(color, 0.5)
    pale = blue + 100, green + 100, red + 100
    draw_box(canvas, path, along, right, (height - 0.12, height), pale, WALL)


def draw_marker(canvas: Canvas, path: Path, along: float, right: float, rng: Random) -> None:
    """A distance marker beside the pit."""
    color = rng.choice((WHITE, (40, 190, 235), (40, 40, 40)))
    width, height = rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.35)
    box = (along, along + width), (right, right + 0.04), (0.0, height)
    draw_box(canvas, path, *box, color, WALL)


def draw_pole(canvas: Canvas, start, end, color: Color) -> None:
    """The vaulting pole."""
    tone = canvas.light.tone(color, canvas.light.gain_on((0.0, 0.4, -0.9)), start[2])
    canvas.bar(tuple(start), tuple(end), 0.045, tone, POLE)


def _lit(canvas: Canvas, color: Color, path: Path, along: float) -> Color:
    z = path.point(along, 0.0)[2]
    return canvas.light.tone(color, canvas.light.gain_on((0.0, 0.3, -0.9)), z)
