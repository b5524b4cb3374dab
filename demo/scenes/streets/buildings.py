"""Buildings: a facade along the street, an end wall, and a flat or pitched roof."""

from dataclasses import dataclass
from random import Random

import numpy as np

from ..drawing import noise
from ..drawing.canvas import Canvas, ramp
from ..drawing.classes import BUILDING
from ..drawing.light import Color, scale_color
from .facades import draw_facade
from .planes import Plane

DEEP = 10.0  # meters from the facade to the back of every building
_WALLS: tuple[Color, ...] = (
    (62, 80, 140),
    (70, 96, 160),
    (150, 190, 215),
    (190, 205, 215),
    (215, 220, 222),
    (120, 175, 215),
    (140, 150, 160),
    (165, 175, 205),
    (120, 125, 128),
    (175, 190, 180),
    (90, 110, 130),
)

_ROOFS: tuple[Color, ...] = ((50, 62, 120), (60, 80, 150), (66, 62, 60), (90, 88, 86))
_TOWARD_CAMERA = (0.0, 0.0, -1.0)


@dataclass(frozen=True)
class Building:
    """A building along the street.

    Attributes:
        side: +1 to the right of the road, -1 to the left.
        x: Offset of its facade, in meters.
        near: Distance of its near end.
        far: Distance of its far end.
        height: Height of the facade.
        pitched: Whether it has a pitched roof; else it is flat.
        alone: Whether its near end stands free, and so may have windows.
    """

    side: int
    x: float
    near: float
    far: float
    height: float
    pitched: bool
    alone: bool

    @property
    def base(self) -> np.ndarray:
        """Corners (x, z) of its footprint, ``[4, 2]``."""
        back = self.x + DEEP * self.side
        ends = ((self.x, self.near), (self.x, self.far), (back, self.far), (back, self.near))
        return np.array(ends)


def draw_building(canvas: Canvas, rng: Random, house: Building) -> None:
    """Draw the walls and the roof of a building."""
    wall = rng.choice(_WALLS)
    if house.near > 2:
        end = Plane(house.x, house.near, house.side, 0.0, DEEP, house.height, _TOWARD_CAMERA)
        draw_facade(canvas, rng, end, wall, house.alone and rng.random() < 0.6)
    if house.pitched:
        _draw_roof(canvas, rng, house, wall)
    length = house.far - house.near
    front = Plane(
        house.x, house.near, 0.0, 1.0, length, house.height, (-float(house.side), 0.0, 0.0)
    )
    draw_facade(canvas, rng, front, wall, openings=True)


def _draw_roof(canvas: Canvas, rng: Random, house: Building, wall: Color) -> None:
    camera, light = canvas.camera, canvas.light
    height, near, far = house.height, house.near, house.far
    top = height + rng.uniform(2.0, 4.0)
    roof = rng.choice(_ROOFS)
    eaves, ridge = house.x - house.side * 0.3, house.x + house.side * DEEP / 2
    if near > 2:
        back = house.x + house.side * DEEP
        gable = [
            camera.project_point(x, y, near)
            for x, y in ((house.x, height), (ridge, top), (back, height))
        ]
        canvas.fill(gable, light.tone(wall, light.gain_on(_TOWARD_CAMERA), near), BUILDING)
    slope = light.tone(roof, light.gain_on((-house.side * 0.5, 0.86, 0.0)), (near + far) / 2)
    corners = ((eaves, height - 0.1, near), (ridge, top, near), (ridge, top, far))
    pixels = camera.project((*corners, (eaves, height - 0.1, far)))
    colors = ramp(scale_color(slope, 0.8), scale_color(slope, 1.2))
    canvas.fill_texture(pixels, noise.leaves(), rng, colors, BUILDING)
    at = rng.uniform(near + 1, far - 1)
    if rng.random() < 0.6:
        brick = light.tone((60, 76, 120), light.gain_on(_TOWARD_CAMERA), at)
        canvas.bar((ridge, top - 0.6, at), (ridge, top + 1.2, at), 0.8, brick, BUILDING)


def draw_closing_building(
    canvas: Canvas, rng: Random, x: float, z: float, width: float, height: float
) -> None:
    """A building across the end of the street, whose facade faces the camera."""
    front = Plane(x, z, 1.0, 0.0, width, height, _TOWARD_CAMERA)
    draw_facade(canvas, rng, front, rng.choice(_WALLS), openings=True)
