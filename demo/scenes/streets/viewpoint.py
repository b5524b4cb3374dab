"""Where the camera stands in a street."""

from random import Random

from ..drawing.camera import Camera


def sample_camera(rng: Random, size: tuple[int, int], lane_x: float) -> Camera:
    """Sample a camera in the lane at ``lane_x`` meters, for images of ``size`` (width, height)."""
    width, height = size
    bend = rng.choice((0.0, 0.0, rng.gauss(0.0, 0.0007), rng.gauss(0.0, 0.0012)))
    return Camera(
        width=width,
        height=height,
        focal=width * rng.uniform(0.8, 1.1),
        # Against a strong bend the camera turns into it, as a driver does.
        center=width * (rng.uniform(0.42, 0.58) - 30 * bend),
        horizon=height * rng.uniform(0.4, 0.5),
        x=lane_x + rng.uniform(-0.4, 0.4),
        eye=rng.uniform(1.25, 2.1),
        bend=bend,
        rise=rng.choice((0.0, rng.uniform(-0.00004, 0.0002))),
    )
