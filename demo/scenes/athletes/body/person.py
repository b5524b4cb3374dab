"""A person in the stadium."""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from .clothing import Clothing
from .skeleton import Skeleton


@dataclass(frozen=True)
class Person:
    """A person in the stadium.

    Attributes:
        skeleton: The posed body.
        clothing: The clothes.
        place: Middle of the hips ``[3]`` in meters: to the right, up, and away.
        heading: Direction that the hips face in degrees: 0 away from the camera, 90 to the right.
    """

    skeleton: Skeleton
    clothing: Clothing
    place: np.ndarray
    heading: float

    def to_world(self, point: np.ndarray) -> np.ndarray:
        """Map a point ``[3]`` in meters about the hips (ahead, up, right) to (right, up, away)."""
        s, c = sin(radians(self.heading)), cos(radians(self.heading))
        ahead, up, right = point
        return self.place + (ahead * s + right * c, up, ahead * c - right * s)

    def direction(self, frame: str, axis: int) -> np.ndarray:
        """Axis 0 (ahead), 1 (up) or 2 (right) of one of the skeleton's frames, in the world."""
        return self.to_world(self.skeleton.frames[frame][:, axis]) - self.place
