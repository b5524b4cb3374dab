"""Position and heading of vehicles and people."""

from dataclasses import dataclass
from math import cos, sin

import numpy as np


@dataclass(frozen=True)
class Placement:
    """Position in meters, and heading in radians: 0 is away from the camera, pi toward it."""

    x: float
    z: float
    heading: float

    def at(self, ahead: float, right: float) -> tuple[float, float]:
        """The ground point (x, z) that lies ``ahead`` of and ``right`` beside the middle."""
        s, c = sin(self.heading), cos(self.heading)
        return self.x + ahead * s + right * c, self.z + ahead * c - right * s


def footprint(placement: Placement, length: float, width: float) -> np.ndarray:
    """Corners (x, z) of a vehicle on the ground, ``[4, 2]``, for its shadow."""
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([placement.at(a * length / 2, r * width / 2) for a, r in corners])
