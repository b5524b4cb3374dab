"""Positions and visibility of the keypoints of JBD and of COCO."""

import numpy as np

from ...drawing.camera import Camera
from ..layouts.jbd_names import KEYPOINTS
from .person import Person
from .sprite import Sprite

OUTSIDE, HIDDEN, VISIBLE = 0, 1, 2
"""COCO's visibility: 0 not labeled, 1 labeled but hidden, 2 visible."""

COCO_KEYPOINTS = (
    'nose',
    'left_eye',
    'right_eye',
    'left_ear',
    'right_ear',
    *(f'{side}_{joint}' for joint in ('shoulder', 'elbow', 'wrist') for side in ('left', 'right')),
    *(f'{side}_{joint}' for joint in ('hip', 'knee', 'ankle') for side in ('left', 'right')),
)
"""Names of COCO's 17 keypoints, in its order."""

_JOINTS = {'shoulder': 'sho', 'elbow': 'elb', 'wrist': 'wri', 'hip': 'hip', 'knee': 'kne'}
_JOINTS['ankle'] = 'ank'
_FACE = {'nose': (0.066, -0.02, 0.0), 'eye': (0.05, -0.001, 0.019), 'ear': (-0.004, -0.012, 0.056)}
"""Ahead, up and outward from the middle of the head, as shares of the stature."""

# Tissue between a joint and the skin in front of it, as shares of the stature.
_TISSUE = {'head': 0.055, 'neck': 0.04, 'sho': 0.04, 'elb': 0.028, 'wri': 0.02, 'han': 0.022}
_TISSUE |= {'hip': 0.07, 'kne': 0.036, 'ank': 0.026, 'hee': 0.026, 'toe': 0.022}
_SLACK = 0.012  # cloth, hair, and how exactly an annotator could tell


def locate(person: Person) -> dict[str, tuple[np.ndarray, float]]:
    """All keypoints by name, JBD's and COCO's: places ``[3]`` and meters of tissue in front."""
    skeleton = person.skeleton
    size = skeleton.body.stature
    found = {}
    for name in KEYPOINTS:
        tissue = _TISSUE[name if name in _TISSUE else name[1:]] + _SLACK
        found[name] = person.to_world(skeleton.joints[name]), tissue * size
    for name in COCO_KEYPOINTS:
        side, _, part = name.rpartition('_')
        if part in _JOINTS:
            found[name] = found[side[0] + _JOINTS[part]]
        else:
            ahead, up, out = _FACE[part]
            sign = {'right': 1, 'left': -1, '': 0}[side]
            place = skeleton.at('head', 'head', ahead * size, up * size, sign * out * size)
            found[name] = person.to_world(place), _SLACK * size
    return found


def annotate(
    person: Person, sprite: Sprite | None, camera: Camera, occluded: np.ndarray
) -> dict[str, tuple[float, float, int]]:
    """Column, row and visibility of all keypoints by name.

    Args:
        person: The athlete.
        sprite: The rendered athlete; None where the image shows none.
        camera: The camera.
        occluded: ``[H, W]`` bool, where something stands in front of the athlete.
    """
    found = {}
    for name, (place, tissue) in locate(person).items():
        column, row = camera.project_point(*place)
        if not (0 <= column <= camera.width - 1 and 0 <= row <= camera.height - 1):
            found[name] = 0.0, 0.0, OUTSIDE
            continue
        x, y = round(column), round(row)
        hidden = bool(occluded[y, x]) or _is_behind(sprite, x, y, float(place[2]) - tissue)
        found[name] = round(column, 2), round(row, 2), HIDDEN if hidden else VISIBLE
    return found


def _is_behind(sprite: Sprite | None, x: int, y: int, z: float) -> bool:
    """Whether the body itself hides a point ``z`` meters away."""
    if sprite is None:
        return False
    x, y = x - sprite.left, y - sprite.top
    rows, columns = sprite.depth.shape
    return 0 <= x < columns and 0 <= y < rows and bool(sprite.depth[y, x] < z)
