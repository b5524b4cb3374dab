"""Vehicles, built from bodies."""

from dataclasses import dataclass

from ...drawing.canvas import Canvas
from ...drawing.light import Color
from ..placement import Placement
from .body import Body
from .body_drawing import draw_body


@dataclass(frozen=True)
class Vehicle:
    """A vehicle of one or more bodies.

    Attributes:
        label: Train id.
        parts: (body, meters ahead of the vehicle's middle, color, second color), as drawn.
        length: In meters.
        width: In meters.
        height: In meters.
    """

    label: int
    parts: tuple[tuple[Body, float, Color, Color], ...]
    length: float
    width: float
    height: float


PANE = ((0.07, 0.08, 0.93, 0.92, 'glass'),)


def window_row(start: float, end: float, low: float, high: float, count: int, gap: float) -> tuple:
    """``count`` windows side by side, from ``start`` to ``end`` meters."""
    step = (end - start) / count
    return tuple(
        (
            (start + i * step, low),
            (start + i * step, high),
            (start + (i + 1) * step - gap, high),
            (start + (i + 1) * step - gap, low),
        )
        for i in range(count)
    )


def draw_vehicle(canvas: Canvas, vehicle: Vehicle, placement: Placement) -> None:
    """Draw a vehicle, its further parts first."""
    placed = []
    for body, ahead, color, second in vehicle.parts:
        x, z = placement.at(ahead, 0.0)
        placed.append((z, Placement(x, z, placement.heading), body, color, second))
    placed.sort(key=lambda part: -part[0])
    for _, where, body, color, second in placed:
        draw_body(canvas, body, where, color, second, vehicle.label)
