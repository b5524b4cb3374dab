"""People around the athlete: officials, coaches, photographers, other athletes."""

from random import Random

import numpy as np

from .body.clothing import sample_everyday_clothes, sample_sportswear
from .body.person import Person
from .body.proportions import sample_body
from .body.skeleton import build_skeleton
from .motions.frequencies import BYSTANDER_MOTIONS
from .motions.running import RUN
from .scene import Scene


def sample_bystanders(rng: Random, scene: Scene) -> list[Person]:
    """Sample the other people in the image, none of them where the athlete is."""
    people = []
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
        z = scene.path.z + rng.uniform(1.2, max(scene.stadium.distance - 0.8, 1.3))
        people.append(_sample_bystander(rng, scene, z, rng.random() * scene.camera.width))
    if rng.random() < 0.12:  # someone close to the camera, at the edge of the image
        z = scene.path.z * rng.uniform(0.5, 0.8)
        edge = rng.uniform(-0.03, 0.14)
        side = rng.random() < 0.5
        column = (1 - edge if side else edge) * scene.camera.width
        people.append(_sample_bystander(rng, scene, z, column))
    return people


def _sample_bystander(rng: Random, scene: Scene, z: float, column: float) -> Person:
    athlete = rng.random() < 0.3
    body = sample_body(rng, 1.0 if athlete else rng.uniform(1.05, 1.4))
    clothing = (sample_sportswear if athlete else sample_everyday_clothes)(rng, body.female)
    running = athlete and rng.random() < 0.4
    motion = RUN if running else rng.choice(BYSTANDER_MOTIONS)
    key = motion.at(rng.random())
    pose = key.pose.mirrored() if rng.random() < 0.5 else key.pose
    skeleton = build_skeleton(body, pose.loosened(rng, 6.0))
    heading = scene.path.heading + rng.gauss(0, 8) if running else rng.uniform(-180, 180)
    camera = scene.camera
    x = (column - camera.center) / camera.scale(z)
    place = np.array((x, skeleton.hip_height + key.above, z))
    return Person(skeleton, clothing, place, heading)
