"""Walls and fences.

The whole area of a fence is labeled fence, gaps included, as in Cityscapes; the image shows what
lies behind the gaps.
"""

from random import Random

import numpy as np

from ..drawing import noise
from ..drawing.canvas import Canvas, ramp
from ..drawing.classes import FENCE, WALL
from ..drawing.light import Color, scale_color
from .planes import Layers, Plane

FENCE_STYLES = ('bars', 'picket', 'mesh', 'rails')


def plane_along(side: int, x: float, near: float, far: float, height: float) -> Plane:
    """The upright plane along the street at offset ``x``; ``side`` is +1 on the right."""
    return Plane(x, near, 0.0, 1.0, far - near, height, (-float(side), 0.0, 0.0))


def draw_wall(canvas: Canvas, rng: Random, plane: Plane, color: Color, bricks: bool) -> None:
    """A free-standing wall along the street, 0.3 meters deep, with a coping."""
    camera, light = canvas.camera, canvas.light
    x, near, far, height = plane.x, plane.z, plane.z + plane.length, plane.height
    back = x - 0.3 * plane.normal[0]
    shaded = canvas.shade_at(x + 0.4 * plane.normal[0], plane.middle)
    face = light.tone(color, light.gain_on(plane.normal, shaded), plane.middle)
    end = light.tone(color, light.gain_on((0.0, 0.0, -1.0), shaded), near)
    coping = light.tone((190, 195, 198), light.gain_on((0.0, 1.0, 0.0), shaded), plane.middle)
    corners = ((x, 0.0), (x, height), (back, height), (back, 0.0))
    canvas.fill([camera.project_point(at, up, near) for at, up in corners], end, WALL)
    corners = ((x, near), (back, near), (back, far), (x, far))
    canvas.fill([camera.project_point(at, height, z) for at, z in corners], coping, WALL)
    front = camera.project(plane.boxes(np.array(((0.0, 0.0, plane.length, height),)))[0])
    colors = ramp(scale_color(face, 0.72), scale_color(face, 1.28))
    canvas.fill_texture(front, noise.soft(), rng, colors, WALL)

    layers = Layers(canvas, plane)
    joint = (0.8 * face[0], 0.8 * face[1], 0.8 * face[2])
    if bricks and plane.middle < 40:
        courses = np.arange(0.2, height, 0.25)
        layers.add(joint, 0, courses, plane.length, courses + 0.025)
        at = np.arange(0.4, plane.length, 0.6)
        layers.add(joint, at, 0, at + 0.03, height)
    else:
        at = np.arange(0.0, plane.length, 2.5)
        layers.add(joint, at, 0, at + 0.05, height)
    layers.add(coping, 0, height - 0.14, plane.length, height)
    layers.paint()


def draw_fence(canvas: Canvas, plane: Plane, style: str, color: Color) -> None:
    """A fence of ``style``, one of ``FENCE_STYLES``; what is behind shows through its gaps."""
    tone = canvas.light.tone(color, canvas.light.gain_on(plane.normal), plane.middle)
    height, length = plane.height, plane.length
    outline = canvas.camera.project(plane.boxes(np.array(((0.0, 0.0, length, height),)))[0])
    canvas.fill_labels(outline, FENCE)
    # Bars closer than three pixels would melt into a solid wall.
    least = 3.0 * length / max(abs(outline[2, 0] - outline[0, 0]), 1.0)

    layers = Layers(canvas, plane)
    posts = np.arange(0.0, length + 0.01, length / max(1, round(length / 2.4)))
    layers.add(tone, posts - 0.04, 0, posts + 0.04, height)
    if style == 'bars':
        layers.add(tone, 0, np.array((0.1, height - 0.15)), length, np.array((0.15, height - 0.1)))
        at = np.arange(0.0, length, max(0.14, least))
        layers.add(tone, at, 0.1, at + 0.025, height)
    elif style == 'picket':
        layers.add(tone, 0, np.array((0.25, height - 0.3)), length, np.array((0.33, height - 0.22)))
        at = np.arange(0.0, length, max(0.17, least))
        layers.add(tone, at, 0.03, at + 0.09, height)
    elif style == 'rails':
        rails = np.linspace(0.35, 1.0, 3) * height
        layers.add(tone, 0, rails - 0.07, length, rails)
    else:
        layers.add(tone, 0, np.array((0.05, height - 0.05)), length, np.array((0.09, height)))
        _draw_mesh(canvas, plane, tone, max(0.3, 2 * least))
    layers.paint()


def _draw_mesh(canvas: Canvas, plane: Plane, tone: Color, step: float) -> None:
    """Wires that cross each other at 45 degrees, ``step`` meters apart."""
    start = np.arange(-plane.height, plane.length, step)
    low = np.maximum(start, 0.0)
    high = np.minimum(start + plane.height, plane.length)
    u = np.stack((low, high, high + 0.015, low + 0.015), -1)
    rising = np.stack((low - start, high - start, high - start, low - start), -1)
    for v in (rising, plane.height - rising):
        canvas.fill_polygons(canvas.camera.project(plane.at(u, v)), tone)
