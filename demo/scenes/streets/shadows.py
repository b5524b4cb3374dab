"""Shadows on the ground."""

import cv2
import numpy as np

from ..drawing.camera import Camera

_START, _END = 1.5, 90.0  # meters ahead of the camera within which shadows are worth casting


def cast_shadow(
    mask: np.ndarray,
    camera: Camera,
    sun: tuple[float, float, float],
    base: np.ndarray,
    height: float,
) -> None:
    """Add to ``mask`` the shadow of an upright prism on the ground.

    Args:
        mask: ``[H, W]`` uint8, set to 255 where the shadow falls.
        camera: The camera.
        sun: Unit vector toward the sun.
        base: ``[n, 2]`` (x, z) corners of the footprint in meters.
        height: Height in meters.
    """
    sun_x, sun_y, sun_z = sun
    reach = min(height / max(sun_y, 0.15), 60.0)
    away = base - (reach * sun_x, reach * sun_z)
    hull = cv2.convexHull(np.concatenate((base, away)).astype(np.float32))[:, 0]
    if hull[:, 1].max() < _START or hull[:, 1].min() > _END:
        return
    points = np.zeros((len(hull), 3))
    points[:, 0] = hull[:, 0]
    points[:, 2] = np.maximum(hull[:, 1], _START)
    cv2.fillPoly(mask, [(camera.project(points) * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
