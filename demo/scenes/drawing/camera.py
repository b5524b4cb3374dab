"""The camera: from meters in the world to pixels in the image.

World axes, in meters: ``x`` to the right, ``y`` up from the ground, ``z`` ahead of the camera. The
bend and the rise of a street are part of the projection, so that everything that stands in it can
be modeled as if it were straight and level.
"""

from dataclasses import dataclass

import numpy as np

NEAR = 1.0  # nothing is drawn closer to the camera than this, in meters
FAR = 150.0  # the ground ends here, and the skyline stands on its end


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes:
        width: Image width in pixels.
        height: Image height in pixels.
        focal: Focal length in pixels.
        center: Column of the vanishing point, in pixels.
        horizon: Row of the horizon of a level street, in pixels.
        x: Sideways position in meters.
        eye: Height above the ground in meters.
        bend: Sideways shift of the street, in meters per square meter of distance.
        rise: Lift of the street, in meters per square meter of distance.
    """

    width: int
    height: int
    focal: float
    center: float
    horizon: float
    x: float
    eye: float
    bend: float
    rise: float

    def project(self, points: np.ndarray | list) -> np.ndarray:
        """Project world points, ``[..., 3]`` in meters, to ``[..., 2]`` (column, row) pixels."""
        points = np.asarray(points, np.float64)
        z = np.maximum(points[..., 2], NEAR)
        scale = self.focal / z
        out = np.empty((*points.shape[:-1], 2))
        out[..., 0] = self.center + (points[..., 0] - self.x + self.bend * z * z) * scale
        out[..., 1] = self.horizon + (self.eye - points[..., 1] - self.rise * z * z) * scale
        return out

    def project_point(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Project one world point to (column, row) pixels; faster for few points than an array."""
        z = max(z, NEAR)
        scale = self.focal / z
        column = self.center + (x - self.x + self.bend * z * z) * scale
        return column, self.horizon + (self.eye - y - self.rise * z * z) * scale

    def visible(self, bounds: np.ndarray) -> np.ndarray:
        """Which upright boxes are at least partly between the left and the right edge of the image.

        Args:
            bounds: ``[n, 4]`` in meters: smallest and largest ``x``, smallest and largest ``z``.

        Returns:
            ``[n]`` bool.
        """
        points = np.zeros((len(bounds), 4, 3))
        points[:, :, 0] = bounds[:, (0, 0, 1, 1)]
        points[:, :, 2] = bounds[:, (2, 3, 2, 3)]
        columns = self.project(points)[..., 0]
        return (columns.max(1) > 0) & (columns.min(1) < self.width) & (bounds[:, 3] > NEAR)

    def scale(self, z: float) -> float:
        """Pixels per meter at distance ``z``."""
        return self.focal / max(z, NEAR)

    @property
    def ground_end(self) -> float:
        """Row at which the ground ends, in pixels."""
        return self.horizon + (self.eye / FAR - self.rise * FAR) * self.focal
