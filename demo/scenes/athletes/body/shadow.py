"""Shadows of people on the ground."""

import cv2
import numpy as np

from ...drawing.camera import Camera
from .person import Person

_TURN = np.linspace(0, 2 * np.pi, 8, endpoint=False)
_RING = np.stack((np.cos(_TURN), 0 * _TURN, np.sin(_TURN)), -1)
_BONES = (
    *(('head', 'neck', 0.1), ('neck', 'pelvis', 0.13)),
    *((s + a, s + b, 0.05) for s in 'rl' for a, b in (('sho', 'elb'), ('elb', 'han'))),
    *((s + a, s + b, 0.075) for s in 'rl' for a, b in (('hip', 'kne'), ('kne', 'ank'))),
    *((s + 'hee', s + 'toe', 0.05) for s in 'rl'),
)


def cast_shadow(
    mask: np.ndarray, camera: Camera, sun: tuple[float, float, float], person: Person
) -> None:
    """Add a person's shadow to ``mask``, ``[H, W]`` uint8, 255 where it falls."""
    slope = np.array((sun[0], 0.0, sun[2])) / max(sun[1], 0.25)
    for start, end, radius in _BONES:
        outline = []
        for name in (start, end):
            place = person.to_world(person.skeleton.joints[name])
            ground = place - slope * place[1]
            ground[1] = 0.0
            outline.append(ground + radius * _RING)
        pixels = camera.project(np.concatenate(outline)).astype(np.float32)
        hull = cv2.convexHull(pixels)[:, 0]
        cv2.fillConvexPoly(mask, (hull * 16).astype(np.int32), 255, cv2.LINE_8, 4)
