"""What one frame shows: the athlete, the motion, and the camera."""

from dataclasses import dataclass
from math import radians, tan
from random import Random

import numpy as np

from ..drawing.camera import Camera
from .body.clothing import sample_sportswear
from .body.person import Person
from .body.proportions import sample_body
from .body.skeleton import Skeleton, build_skeleton
from .motions.frequencies import sample_motion
from .motions.motion import Motion
from .stadium.path import Path
from .stadium.stadium import Stadium

_MARGIN = 0.12  # meters from the outermost joints to the outline of the body


@dataclass(frozen=True)
class Scene:
    """What one frame shows.

    Attributes:
        stadium: The stadium.
        motion: What the athlete does.
        time: Progress of the motion, 0 to 1.
        moments: The athlete at the times of one exposure, the middle one being annotated; only
            one if nothing is blurred.
        path: The line along which the athlete moves.
        camera: The camera.
        slow: Whether it is slow motion.
        mirrored: Whether right and left of the motion are exchanged.
    """

    stadium: Stadium
    motion: Motion
    time: float
    moments: tuple[Person, ...]
    path: Path
    camera: Camera
    slow: bool
    mirrored: bool

    @property
    def athlete(self) -> Person:
        """The athlete at the annotated moment."""
        return self.moments[len(self.moments) // 2]


def sample_scene(rng: Random, stadium: Stadium, size: tuple[int, int]) -> Scene:
    """Sample what a frame of ``size`` (width, height) in pixels shows."""
    motion, time, mirrored = sample_motion(rng), rng.random(), rng.random() < 0.5
    body = sample_body(rng)
    clothing = sample_sportswear(rng, body.female)
    heading, z = _sample_heading(rng), rng.uniform(9, 26)
    slow = rng.random() < 0.25
    smear = rng.uniform(-8, 8)  # pixels at 1080 rows that the fastest joint moves
    habit = rng.getrandbits(32)

    def posed(at: float) -> Skeleton:
        pose = motion.at(min(max(at, 0.0), 1.0)).pose
        pose = pose.mirrored() if mirrored else pose
        # The same habit at each moment, so that only the motion moves.
        return build_skeleton(body, pose.loosened(Random(habit), 5.0))

    skeleton = posed(time)
    height = skeleton.hip_height + motion.at(time).above
    place = np.array((0.0, height, z))
    athlete = Person(skeleton, clothing, place, heading)
    camera = _sample_camera(rng, size, athlete)
    moments: tuple[Person, ...] = (athlete,)
    if smear > 0 and not slow and motion.keys[1:]:
        # The camera follows the hips, so that limbs are blurred more than the body.
        step = _step(skeleton, posed(time + 0.01), smear / 1080 * camera.height / camera.scale(z))
        before, after = posed(time - step), posed(time + step)
        moments = tuple(Person(s, clothing, place, heading) for s in (before, skeleton, after))
    return Scene(stadium, motion, time, moments, Path(0.0, z, heading), camera, slow, mirrored)


def _step(now: Skeleton, later: Skeleton, meters: float) -> float:
    """The time in which the fastest joint moves so many meters; ``later`` is 0.01 after ``now``."""
    moved = max(float(np.linalg.norm(later.joints[n] - now.joints[n])) for n in now.joints)
    return min(0.01 * meters / max(moved, 1e-3), 0.03)


def _sample_heading(rng: Random) -> float:
    """Sample a heading in degrees; mostly seen from the side, as from along the runway."""
    side = rng.choice((-1, 1))
    view = rng.choices(('side', 'before', 'behind', 'front', 'back'), (52, 16, 16, 8, 8))[0]
    return {
        'side': side * 90 + rng.gauss(0, 12),
        'before': side * rng.uniform(112, 165),
        'behind': side * rng.uniform(15, 68),
        'front': 180 + rng.gauss(0, 8),
        'back': rng.gauss(0, 8),
    }[view]


def _sample_camera(rng: Random, size: tuple[int, int], person: Person) -> Camera:
    """Frame a person: 30 to 70 % of the image's height where the posture is upright."""
    width, height = size
    places = np.array([person.to_world(place) for place in person.skeleton.joints.values()])
    low, high = (places.min(0) - _MARGIN).tolist(), (places.max(0) + _MARGIN).tolist()
    share = rng.uniform(0.3, 0.7)
    scale = share * height / max(high[1] - low[1], 0.62 * person.skeleton.body.stature)
    scale = min(scale, 0.7 * width / (high[0] - low[0]))
    middle = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    half_width, half_height = (high[0] - low[0]) * scale / 2, (high[1] - low[1]) * scale / 2
    column = _between(rng, half_width, width - half_width)
    row = _between(rng, half_height, height - half_height)
    edge, inside = rng.random(), rng.uniform(0.3, 0.8)
    if edge < 0.02:  # over an edge now and then
        column = inside * half_width
    elif edge < 0.04:
        column = width - inside * half_width
    elif edge < 0.08:
        row = height - inside * half_height
    z = float(person.place[2])
    eye = max(middle[1] + z * tan(radians(rng.uniform(-3.0, 9.0))), 0.8)
    return Camera(
        width=width,
        height=height,
        focal=scale * z,
        center=column - middle[0] * scale,
        horizon=row - (eye - middle[1]) * scale,
        x=0.0,
        eye=eye,
        bend=0.0,
        rise=0.0,
    )


def _between(rng: Random, low: float, high: float) -> float:
    """Sample between two values, more often near the middle."""
    return low + (high - low) * (rng.random() + rng.random()) / 2
