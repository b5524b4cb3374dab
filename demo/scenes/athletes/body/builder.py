"""What all parts of a body need: its skeleton, its clothes, and where its solids go."""

from collections.abc import Callable

import numpy as np

from ...drawing.light import Color
from .clothing import Clothing
from .cones import Cone
from .skeleton import Skeleton

Place = Callable[[np.ndarray], np.ndarray]
"""From meters about the hips (ahead, up, right) to meters before the camera (right, up, away)."""

Paint = tuple[float, Color]  # share of the way from which on a color holds

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
        """Add a limb from joint to joint, with what it is painted."""
        radii = radii[0] * self.size, radii[1] * self.size
        self.cones.append(Cone(self.place(start), self.place(end), *radii, paints, name))

    def ball(self, at: np.ndarray, radius: float, color: Color) -> None:
        """Add a ball of one color."""
        self.add(at, at, (radius, radius), (0.0, color))
