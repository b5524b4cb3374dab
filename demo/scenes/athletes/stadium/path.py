"""The line along which the athlete moves, and shapes that are placed along it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from ...drawing.canvas import Canvas
from ...drawing.light import Color

_NEAR = 2.0  # meters; what is closer to the camera is clipped
UP = (0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Path:
    """A line on the ground through the athlete.

    Attributes:
        x: Meters to the right of the camera.
        z: Meters away from it.
        heading: Degrees: 0 leads away from the camera, 90 to the right.
    """

    x: float
    z: float
    heading: float

    def point(self, along: float, right: float, up: float = 0.0) -> tuple[float, float, float]:
        """The world point so many meters along the line, to its right, and up."""
        s, c = sin(radians(self.heading)), cos(radians(self.heading))
        return self.x + along * s + right * c, up, self.z + along * c - right * s


def fill_ground(canvas: Canvas, corners: Sequence, color: Color, label: int | None = None) -> None:
    """Fill a polygon on the ground, ``[n, 3]`` meters; what is behind the camera is clipped."""
    fill_face(canvas, corners, color, UP, label)


def fill_face(
    canvas: Canvas, corners: Sequence, color: Color, normal, label: int | None = None
) -> None:
    """Fill a polygon ``[n, 3]`` in meters whose visible side has this unit normal."""
    points = _clip_near(np.asarray(corners, float))
    if len(points) < 3:
        return
    tone = canvas.light.tone(color, canvas.light.gain_on(normal), float(points[:, 2].mean()))
    canvas.fill(canvas.camera.project(points), tone, label)


def fill_strip(
    canvas: Canvas,
    path: Path,
    along: tuple[float, float],
    right: tuple[float, float],
    color: Color,
    label: int | None = None,
) -> None:
    """Fill a rectangle on the ground.

    Args:
        canvas: What is drawn on.
        path: The line that the rectangle is aligned with.
        along: Where it starts and ends along the path, in meters.
        right: Where it starts and ends to the right of the path, in meters.
        color: Its color before lighting.
        label: Its label, or None to keep the labels below.
    """
    corners = [path.point(a, r) for a, r in _corners(along, right)]
    fill_ground(canvas, corners, color, label)


def draw_box(
    canvas: Canvas,
    path: Path,
    along: tuple[float, float],
    right: tuple[float, float],
    up: tuple[float, float],
    color: Color,
    label: int | None = None,
) -> None:
    """Draw the visible faces of a box, which reaches from one number to the other (meters)."""
    ground = [path.point(a, r) for a, r in _corners(along, right)]
    middle = np.mean(ground, axis=0)
    eye = np.array((canvas.camera.x, canvas.camera.eye, 0.0))
    for i in range(4):
        (x0, _, z0), (x1, _, z1) = ground[i], ground[(i + 1) % 4]
        normal = np.array((z1 - z0, 0.0, x0 - x1)) / max(np.hypot(z1 - z0, x0 - x1), 1e-6)
        face = np.array(((x0 + x1) / 2, 0.0, (z0 + z1) / 2))
        if normal @ (face - middle) < 0:
            normal = -normal
        if normal @ (eye - face) > 0:
            low, high = up
            corners = ((x0, low, z0), (x1, low, z1), (x1, high, z1), (x0, high, z0))
            fill_face(canvas, corners, color, tuple(normal), label)
    if canvas.camera.eye > up[1]:
        fill_face(canvas, [(x, up[1], z) for x, _, z in ground], color, UP, label)


def _corners(along: tuple[float, float], right: tuple[float, float]) -> list:
    (a0, a1), (r0, r1) = along, right
    return [(a0, r0), (a1, r0), (a1, r1), (a0, r1)]


def _clip_near(points: np.ndarray) -> np.ndarray:
    """Clip a polygon ``[n, 3]`` to what lies beyond ``_NEAR``."""
    if (points[:, 2] >= _NEAR).all():
        return points
    kept = []
    for here, there in zip(points, np.roll(points, -1, 0), strict=True):
        if here[2] >= _NEAR:
            kept.append(here)
        if (here[2] >= _NEAR) != (there[2] >= _NEAR):
            share = (_NEAR - here[2]) / (there[2] - here[2])
            kept.append(here + share * (there - here))
    return np.array(kept).reshape(-1, 3)
