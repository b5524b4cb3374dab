"""Bicycles and motorcycles."""

from math import cos, pi, sin
from random import Random

from ..drawing.canvas import Canvas
from ..drawing.classes import BICYCLE, MOTORCYCLE
from .placement import Placement
from .riders import cyclist_strokes, motorcyclist_strokes
from .strokes import Stroke, draw_strokes


def _draw_wheel(
    canvas: Canvas, placement: Placement, at: float, radius: float, thick: float, label: int
) -> None:
    """A wheel: its tire is drawn, its whole disc is labeled."""
    rim = []
    for i in range(18):
        ahead, up = radius * cos(pi * i / 9), radius * sin(pi * i / 9)
        x, z = placement.at(at + ahead, 0.0)
        rim.append(canvas.camera.project_point(x, radius + up, z))
    tone = canvas.light.tone((36, 34, 34), canvas.light.gain_on((0.0, 0.5, -0.8)), placement.z)
    canvas.fill_labels(rim, label)
    canvas.closed_line(rim, thick * canvas.camera.scale(placement.z), tone, label)


def draw_bicycle(canvas: Canvas, rng: Random, placement: Placement, ridden: bool) -> None:
    """A bicycle; its frame and the discs of its wheels are labeled."""
    paint = rng.choice(((40, 36, 36), (40, 40, 180), (160, 90, 30), (200, 200, 200), (70, 120, 60)))
    for at in (-0.52, 0.52):
        _draw_wheel(canvas, placement, at, 0.34, 0.05, BICYCLE)
    crank, seat, head = (-0.1, 0.3, 0.0), (-0.22, 0.82, 0.0), (0.36, 0.82, 0.0)
    rear, front = (-0.52, 0.34, 0.0), (0.52, 0.34, 0.0)
    tube = 0.045
    lines = [
        (rear, crank),
        (rear, (-0.2, 0.74, 0.0)),
        (crank, seat),
        (crank, (0.37, 0.7, 0.0)),
        ((-0.2, 0.74, 0.0), head),
        (head, front),
        (head, (0.33, 0.98, 0.0)),
    ]
    strokes = [Stroke(a, b, tube, paint, BICYCLE) for a, b in lines]
    black = (30, 30, 30)
    strokes.append(Stroke((0.3, 1.0, -0.27), (0.3, 1.0, 0.27), 0.04, black, BICYCLE))
    strokes.append(Stroke((-0.34, 0.88, 0.0), (-0.12, 0.88, 0.0), 0.08, black, BICYCLE))
    if rng.random() < 0.4:
        strokes.append(Stroke((-0.75, 0.75, 0.0), (-0.4, 0.75, 0.0), 0.07, black, BICYCLE))
    draw_strokes(canvas, placement, strokes)
    if ridden:
        draw_strokes(canvas, placement, cyclist_strokes(rng))


def draw_motorcycle(canvas: Canvas, rng: Random, placement: Placement, ridden: bool) -> None:
    """A motorcycle or a scooter."""
    paint = rng.choice(
        ((30, 30, 34), (40, 36, 190), (170, 90, 40), (210, 210, 210), (40, 150, 230))
    )
    scooter = rng.random() < 0.4
    radius = 0.26 if scooter else 0.32
    base = 0.62 if scooter else 0.7
    for at in (-base, base):
        _draw_wheel(canvas, placement, at, radius, 0.13, MOTORCYCLE)
    black, metal = (32, 32, 32), (128, 128, 126)
    strokes = [
        Stroke(
            (-0.3, 0.42, 0.0), (0.25, 0.42, 0.0), 0.36, metal if not scooter else paint, MOTORCYCLE
        ),
        Stroke((-0.75, 0.72, 0.0), (-0.1, 0.74, 0.0), 0.22, black, MOTORCYCLE),
        Stroke((0.0, 0.82, 0.0), (0.4, 0.8, 0.0), 0.32, paint, MOTORCYCLE),
        Stroke((0.45, 0.9, 0.0), (base, radius, 0.0), 0.13, metal, MOTORCYCLE),
        Stroke((0.5, 0.6, 0.0), (0.55, 0.95, 0.0), 0.26, paint, MOTORCYCLE),
        Stroke((0.38, 1.06, -0.36), (0.38, 1.06, 0.36), 0.05, black, MOTORCYCLE),
        Stroke((-0.3, 0.35, -0.16), (-0.7, 0.36, -0.16), 0.1, metal, MOTORCYCLE),
        Stroke((-0.8, 0.66, 0.0), (-0.8, 0.7, 0.0), 0.16, (40, 36, 190), MOTORCYCLE),
    ]
    lamp = (230, 240, 240)
    if cos(placement.heading) < 0:
        strokes.append(Stroke((0.62, 0.88, 0.0), (0.62, 0.9, 0.0), 0.17, lamp, MOTORCYCLE))
    if rng.random() < 0.4:
        strokes.append(Stroke((-0.78, 0.95, 0.0), (-0.7, 0.95, 0.0), 0.34, black, MOTORCYCLE))
    draw_strokes(canvas, placement, strokes)
    if ridden:
        draw_strokes(canvas, placement, motorcyclist_strokes(rng))
