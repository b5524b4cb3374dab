"""Upright planes, and rectangles painted on them."""

from dataclasses import dataclass, field

import numpy as np

from ..drawing.canvas import Canvas
from ..drawing.light import Color


@dataclass(frozen=True)
class Plane:
    """An upright rectangle: from (x, z), ``length`` meters along the unit vector (dx, dz)."""

    x: float
    z: float
    dx: float
    dz: float
    length: float
    height: float
    normal: tuple[float, float, float]

    def at(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """World points ``u`` meters along and ``v`` meters up, ``[..., 3]``."""
        out = np.empty((*u.shape, 3))
        out[..., 0] = self.x + self.dx * u
        out[..., 1] = v
        out[..., 2] = self.z + self.dz * u
        return out

    def boxes(self, boxes: np.ndarray) -> np.ndarray:
        """Corners ``[n, 4, 3]`` of upright rectangles on the plane, ``[n, 4]`` (u0, v0, u1, v1)."""
        return self.at(boxes[:, (0, 0, 2, 2)], boxes[:, (1, 3, 3, 1)])

    @property
    def middle(self) -> float:
        """Distance of its middle, in meters."""
        return self.z + self.dz * self.length / 2


@dataclass
class Layers:
    """Rectangles on a plane, collected to be projected all at once and painted in order."""

    canvas: Canvas
    plane: Plane
    boxes: list[np.ndarray] = field(default_factory=list)
    colors: list[Color] = field(default_factory=list)

    def add(self, color: Color, u0, v0, u1, v1) -> None:
        """Add rectangles, given by numbers or by arrays ``[n]`` of them, in meters."""
        count = np.broadcast(u0, v0, u1, v1).size
        boxes = np.empty((count, 4))
        boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3] = u0, v0, u1, v1
        self.boxes.append(boxes)
        self.colors.append(color)

    def paint(self) -> None:
        """Paint what was added."""
        if not self.boxes:
            return
        camera = self.canvas.camera
        pixels = camera.project(self.plane.boxes(np.concatenate(self.boxes)))
        low, high = pixels.min(1), pixels.max(1)
        # Most of a building nearby lies outside the image.
        seen = (high > 0).all(1) & (low < (camera.width, camera.height)).all(1)
        start = 0
        for boxes, color in zip(self.boxes, self.colors, strict=True):
            part = slice(start, start + len(boxes))
            self.canvas.fill_polygons(pixels[part][seen[part]], color)
            start += len(boxes)
