"""Collecting the solids of a body: what torso, limbs and head are built with."""

from collections.abc import Callable

import numpy as np

from ...drawing.light import Color
from .clothing import Clothing
from .cones import Cone
from .skeleton import Skeleton

Place = Callable[[np.ndarray], np.ndarray]
"""Maps meters about the hips (ahead, up, right) to meters from the camera (right, up, away)."""

Paint = tuple[float, Color]  # from that share of the length on, that color

SIDES = (('r', 1), ('l', -1))
SHIRT = 'shirt'  # solids that carry the number


class SolidsBuilder:
    """Collects the cones of one body; radii are shares of the stature."""

    def __init__(self, skeleton: Skeleton, clothing: Clothing, place: Place) -> None:
        self.skeleton, self.clothing, self.place = skeleton, clothing, place
        self.size = skeleton.body.stature
        self.cones: list[Cone] = []

    def add(
        self,
        start: np.ndarray,
        end: np.ndarray,
        radii: tuple[float, float],
        *paints: Paint,
        name: str = '',
    ) -> None:
        """Add a cone between two points ``[3]`` in meters about the hips.

        Args:
            start: One end.
            end: The other end.
            radii: At both ends, as shares of the stature.
            *paints: (share of the length, color): the color from that share on.
            name: The part of the body, for those that must be found again.
        """
        radii = radii[0] * self.size, radii[1] * self.size
        self.cones.append(Cone(self.place(start), self.place(end), *radii, paints, name))

    def ball(self, at: np.ndarray, radius: float, color: Color) -> None:
        """Add a ball of one color; ``radius`` is a share of the stature."""
        self.add(at, at, (radius, radius), (0.0, color))
