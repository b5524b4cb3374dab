"""The ground of a scene and what stands on it, as the athlete's motion asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ..streets.stage import Stage
from .apparatus import draw_bar, draw_hurdle, draw_marker, draw_mat, draw_pole
from .clearing import HIGH_JUMP, POLE_VAULT
from .motions import TO_THE_PIT
from .path import Path
from .running import RUN
from .scene import Scene
from .surfaces import LANE, draw_apron, draw_grass, draw_lanes, draw_pit, draw_runway


@dataclass(frozen=True)
class Thing:
    """Something that stands in the stadium.

    Attributes:
        z: Its distance in meters.
        draw: Draws it.
    """

    z: float
    draw: Callable[[Stage], None]


def draw_field(stage: Stage, rng: Random, scene: Scene) -> list[Thing]:
    """Draw the ground; returns what stands on it, to be drawn later."""
    draw_grass(stage, rng, scene.stadium, scene.path)
    if scene.stadium.distance > 14:  # the track behind the field
        behind = Path(0.0, scene.path.z + scene.stadium.distance - 0.6, 90.0)
        draw_lanes(stage, scene.stadium, behind, 8 * LANE)
    if scene.motion in TO_THE_PIT:
        return _long_jump(stage, rng, scene)
    if scene.motion is HIGH_JUMP:
        return _high_jump(stage, rng, scene)
    if scene.motion is POLE_VAULT:
        return _pole_vault(stage, rng, scene)
    place = rng.choices((_lanes, _long_jump, _high_jump), (60, 30, 10))[0]
    return place(stage, rng, scene)


def _lanes(stage: Stage, rng: Random, scene: Scene) -> list[Thing]:
    path, stadium = scene.path, scene.stadium
    own = rng.randrange(8)
    draw_lanes(stage, stadium, path, (own + 0.5) * LANE)
    if scene.motion is not RUN or rng.random() < 0.6:
        return []
    along = rng.choice((rng.uniform(0.7, 3.5), rng.uniform(-4.5, -0.9)))
    lanes = [(own - lane) * LANE for lane in range(8) if rng.random() < 0.9]
    return [
        _thing(path, start, right, draw_hurdle, start, right, stadium.accent)
        for start in (along - 8.5, along, along + 8.5)
        for right in lanes
        # None in the athlete's own lane where the athlete is.
        if right or abs(start) > 0.6
    ]


def _long_jump(stage: Stage, rng: Random, scene: Scene) -> list[Thing]:
    path, stadium = scene.path, scene.stadium
    # In the air the athlete is over the sand, after it was left behind.
    start = 2.0 - 7.0 * scene.time if scene.motion in TO_THE_PIT else rng.uniform(2, 30)
    draw_runway(stage, stadium, path, start)
    draw_pit(stage, rng, stadium, path, start)
    if rng.random() < 0.4:
        return []
    side = rng.choice((-1, 1)) * rng.uniform(1.7, 2.6)
    return [
        _thing(path, start + a, side, draw_marker, start + a, side, Random(rng.random()))
        for a in range(2, 9)
    ]


def _high_jump(stage: Stage, rng: Random, scene: Scene) -> list[Thing]:
    path, stadium = scene.path, scene.stadium
    draw_apron(stage, stadium, path, rng.uniform(12, 25))
    if scene.motion is HIGH_JUMP:
        # The back lies across the bar at 0.62 of the motion.
        right = 2.1 * (0.62 - scene.time)
        height = 1.85
    else:
        right, height = rng.uniform(3, 9), rng.uniform(1.5, 2.2)
    if scene.mirrored:
        right = -right
    away = -1 if scene.mirrored else 1
    mat = sorted((right + 0.3 * away, right + 4.3 * away))
    middle = sum(mat) / 2
    return [
        _thing(path, 0, right, draw_bar, right, height, 2.0, stadium.accent),
        _thing(path, 0, middle, draw_mat, (-3.0, 3.0), tuple(mat), 0.7, stadium.accent),
    ]


def _pole_vault(stage: Stage, rng: Random, scene: Scene) -> list[Thing]:
    path, stadium = scene.path, scene.stadium
    bar = 2.4 - 3.0 * scene.time
    draw_runway(stage, stadium, path, bar)
    across = Path(*(path.spot(bar, 0.0)[i] for i in (0, 2)), path.heading + 90)
    mat = (bar + 0.3, bar + 5.3), (-3.0, 3.0), 0.8
    things = [
        _thing(across, 0, 0, draw_bar, 0.0, 4.7, 2.1, stadium.accent),
        _thing(path, bar + 2.8, 0, draw_mat, *mat, stadium.accent),
    ]
    if scene.time < 0.68:
        person = scene.athlete
        joints = person.skeleton.joints
        hands = [person.to_world(joints[name]) for name in ('rhan', 'lhan')]
        high = max(hands, key=lambda hand: hand[1])
        foot = path.spot(bar - 0.2, 0.0)
        tip = high + 0.12 * (high - foot)
        color = rng.choice(((200, 220, 60), (60, 200, 240), (220, 220, 220)))
        things.append(Thing(path.z + 0.05, lambda stage: draw_pole(stage, foot, tip, color)))
    return things


def _thing(path: Path, along: float, right: float, draw: Callable, *what) -> Thing:
    """Something at a place along a path, for which ``draw(stage, path, *what)`` is called."""
    return Thing(path.spot(along, right)[2], lambda stage: draw(stage, path, *what))
