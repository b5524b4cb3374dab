"""What each discipline needs: its ground, and the equipment that stands on it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ..drawing.canvas import Canvas
from .motions.bar_jumps import HIGH_JUMP, POLE_VAULT
from .motions.frequencies import PIT_JUMPS
from .motions.running import RUN
from .scene import Scene
from .stadium.equipment import draw_bar, draw_hurdle, draw_marker, draw_mat, draw_pole
from .stadium.path import Path
from .stadium.surfaces import LANE, draw_apron, draw_grass, draw_lanes, draw_pit, draw_runway


@dataclass(frozen=True)
class SceneObject:
    """An object that stands in the stadium.

    Attributes:
        z: Its distance in meters.
        draw: Draws it.
    """

    z: float
    draw: Callable[[Canvas], None]


def draw_ground(canvas: Canvas, rng: Random, scene: Scene) -> list[SceneObject]:
    """Draw the ground; returns the equipment on it, to be drawn later."""
    draw_grass(canvas, rng, scene.stadium, scene.path)
    if scene.stadium.distance > 14:  # the track behind the infield
        behind = Path(0.0, scene.path.z + scene.stadium.distance - 0.6, 90.0)
        draw_lanes(canvas, scene.stadium, behind, 8 * LANE)
    if scene.motion in PIT_JUMPS:
        return _long_jump(canvas, rng, scene)
    if scene.motion is HIGH_JUMP:
        return _high_jump(canvas, rng, scene)
    if scene.motion is POLE_VAULT:
        return _pole_vault(canvas, rng, scene)
    place = rng.choices((_lanes, _long_jump, _high_jump), (60, 30, 10))[0]
    return place(canvas, rng, scene)


def _lanes(canvas: Canvas, rng: Random, scene: Scene) -> list[SceneObject]:
    path, stadium = scene.path, scene.stadium
    athlete_lane = rng.randrange(8)
    draw_lanes(canvas, stadium, path, (athlete_lane + 0.5) * LANE)
    if scene.motion is not RUN or rng.random() < 0.6:
        return []
    along = rng.choice((rng.uniform(0.7, 3.5), rng.uniform(-4.5, -0.9)))
    lanes = [(athlete_lane - lane) * LANE for lane in range(8) if rng.random() < 0.9]
    return [
        _object_at(path, start, right, draw_hurdle, start, right, stadium.accent)
        for start in (along - 8.5, along, along + 8.5)
        for right in lanes
        # None where the athlete is.
        if right or abs(start) > 0.6
    ]


def _long_jump(canvas: Canvas, rng: Random, scene: Scene) -> list[SceneObject]:
    path, stadium = scene.path, scene.stadium
    # In the air the athlete is over the sand, after it was left behind.
    start = 2.0 - 7.0 * scene.time if scene.motion in PIT_JUMPS else rng.uniform(2, 30)
    draw_runway(canvas, stadium, path, start)
    draw_pit(canvas, rng, stadium, path, start)
    if rng.random() < 0.4:
        return []
    side = rng.choice((-1, 1)) * rng.uniform(1.7, 2.6)
    return [
        _object_at(path, start + a, side, draw_marker, start + a, side, Random(rng.random()))
        for a in range(2, 9)
    ]


def _high_jump(canvas: Canvas, rng: Random, scene: Scene) -> list[SceneObject]:
    path, stadium = scene.path, scene.stadium
    draw_apron(canvas, stadium, path, rng.uniform(12, 25))
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
        _object_at(path, 0, right, draw_bar, right, height, 2.0, stadium.accent),
        _object_at(path, 0, middle, draw_mat, (-3.0, 3.0), tuple(mat), 0.7, stadium.accent),
    ]


def _pole_vault(canvas: Canvas, rng: Random, scene: Scene) -> list[SceneObject]:
    path, stadium = scene.path, scene.stadium
    bar = 2.4 - 3.0 * scene.time
    draw_runway(canvas, stadium, path, bar)
    x, _, z = path.point(bar, 0.0)
    across = Path(x, z, path.heading + 90)
    mat = (bar + 0.3, bar + 5.3), (-3.0, 3.0), 0.8
    objects = [
        _object_at(across, 0, 0, draw_bar, 0.0, 4.7, 2.1, stadium.accent),
        _object_at(path, bar + 2.8, 0, draw_mat, *mat, stadium.accent),
    ]
    if scene.time < 0.68:
        person = scene.athlete
        joints = person.skeleton.joints
        hands = [person.to_world(joints[name]) for name in ('rhan', 'lhan')]
        high = max(hands, key=lambda hand: hand[1])
        foot = path.point(bar - 0.2, 0.0)
        tip = high + 0.12 * (high - foot)
        color = rng.choice(((200, 220, 60), (60, 200, 240), (220, 220, 220)))
        objects.append(
            SceneObject(path.z + 0.05, lambda canvas: draw_pole(canvas, foot, tip, color))
        )
    return objects


def _object_at(path: Path, along: float, right: float, draw: Callable, *what) -> SceneObject:
    """An object at a point along a path, drawn by ``draw(canvas, path, *what)``."""
    return SceneObject(path.point(along, right)[2], lambda canvas: draw(canvas, path, *what))
