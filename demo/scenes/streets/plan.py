"""The plan of a street: its cross-section, and the objects along it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

import numpy as np

from ..drawing.canvas import Canvas
from ..drawing.classes import ROAD, SIDEWALK, TERRAIN
from ..drawing.light import Color, scale_color
from .road import Strip

LANE = 3.3
PARKING = 2.2


@dataclass(frozen=True)
class SceneObject:
    """An object that stands in the street.

    Attributes:
        depth: Things are drawn from the largest depth to the smallest, in meters.
        draw: Draws it on a canvas.
        base: ``[n, 2]`` (x, z) corners of its footprint.
        shadow_height: Height of what casts its shadow, in meters; 0 casts none.
        shades_others: Whether it is tall enough to put other objects in its shadow.
    """

    depth: float
    draw: Callable[[Canvas], None]
    base: np.ndarray
    shadow_height: float
    shades_others: bool


@dataclass
class Plan:
    """The cross-section of a street, and the objects in it.

    All offsets are in meters from the road's center line, positive to the right. Traffic keeps to
    the right.

    Attributes:
        left: Offset of the road's left edge.
        right: Offset of the road's right edge.
        lanes: Offsets of the middles of the lanes for traffic.
        parking: Offsets of the middles of the parking lanes.
        median: Width of the strip between the two directions; 0 for none.
        tracks: Offset of the middle of a tram track, or None.
        walk: For each side (-1, +1), the offsets at which the sidewalk starts and ends.
        verge: For each side, the width of the grass between curb and sidewalk; 0 for none.
        crossing: Distance of a crossing with traffic lights, or None.
        style: 'city', 'suburb', 'avenue' or 'edge'.
        asphalt: Color of the road.
        strips: Bands of ground, in the order of painting.
        objects: What stands in the street.
    """

    left: float
    right: float
    lanes: list[float]
    parking: list[float]
    median: float
    tracks: float | None
    walk: dict[int, tuple[float, float]]
    verge: dict[int, float]
    crossing: float | None
    style: str
    asphalt: Color
    strips: list[Strip] = field(default_factory=list)
    objects: list[SceneObject] = field(default_factory=list)

    def add(
        self,
        depth: float,
        base: np.ndarray,
        height: float,
        rng: Random,
        draw: Callable,
        *args,
        shades_others: bool = False,
    ) -> None:
        """Add an object; ``draw(canvas, rng, *args)`` gets a random generator of its own.

        Args:
            depth: Objects are drawn from the largest depth to the smallest, in meters.
            base: ``[n, 2]`` (x, z) corners of its footprint in meters.
            height: Height of what casts its shadow, in meters; 0 casts none.
            rng: Seeds the object's own generator.
            draw: Draws the object.
            *args: What ``draw`` is called with.
            shades_others: Whether it is tall enough to put other objects in its shadow.
        """
        seeded = partial(_draw_seeded, rng.getrandbits(48), draw, args)
        self.objects.append(SceneObject(depth, seeded, base, height, shades_others))


def _draw_seeded(seed: int, draw: Callable, args: tuple, canvas: Canvas) -> None:
    draw(canvas, Random(seed), *args)


def sample_plan(rng: Random) -> Plan:
    """Sample the cross-section of a street; nothing stands in it yet."""
    style = rng.choices(('city', 'suburb', 'avenue', 'edge'), (35, 27, 22, 16))[0]
    per_side = 2 if style == 'avenue' and rng.random() < 0.7 else 1
    median = rng.uniform(1.6, 4.0) if style == 'avenue' and rng.random() < 0.6 else 0.0
    tracks = None
    if style in ('city', 'avenue') and rng.random() < 0.6:
        # Between the directions, or in the lanes where there is no median.
        median = max(median, 3.4) if rng.random() < 0.5 else 0.0
        tracks = 0.0 if median else -LANE / 2
    half = median / 2
    lanes = [sign * (half + LANE * (i + 0.5)) for sign in (-1, 1) for i in range(per_side)]
    edge = half + LANE * per_side
    parking = []
    left, right = -edge, edge
    if rng.random() < 0.6:
        parking.append(right + PARKING / 2)
        right += PARKING
    if rng.random() < 0.55:
        parking.append(left - PARKING / 2)
        left -= PARKING
    walk, verge = {}, {}
    for side, curb in ((-1, left), (1, right)):
        grass = {'city': 0.12, 'suburb': 0.4, 'avenue': 0.5, 'edge': 0.6}[style]
        verge[side] = rng.uniform(0.9, 2.4) if rng.random() < grass else 0.0
        start = curb + side * (0.18 + verge[side])
        walk[side] = (start, start + side * rng.uniform(1.8, 4.6))
    gray = rng.uniform(82, 128)
    tint = rng.uniform(-5, 5)
    plan = Plan(
        left=left,
        right=right,
        lanes=sorted(lanes),
        parking=parking,
        median=median,
        tracks=tracks,
        walk=walk,
        verge=verge,
        crossing=rng.uniform(16, 60) if rng.random() < 0.65 else None,
        style=style,
        asphalt=(gray + tint, gray, gray - tint),
    )
    _lay_strips(plan, rng)
    return plan


def _lay_strips(plan: Plan, rng: Random) -> None:
    grass = (rng.uniform(38, 70), rng.uniform(88, 125), rng.uniform(70, 120))
    stone = rng.uniform(128, 185)
    paving = (stone - rng.uniform(0, 16), stone, stone + rng.uniform(0, 14))
    curb = scale_color(paving, 1.18, limit=235.0)
    for side, edge in ((-1, plan.left), (1, plan.right)):
        start, end = plan.walk[side]
        if plan.style == 'city':  # paved up to and between the houses
            end = side * 60.0
        low, high = sorted((start, end))
        plan.strips.append(Strip(low, high, paving, SIDEWALK))
        if plan.verge[side]:
            low, high = sorted((edge + 0.18 * side, start))
            plan.strips.append(Strip(low, high, grass, TERRAIN))
        low, high = sorted((edge, edge + 0.18 * side))
        plan.strips.append(Strip(low, high, curb, SIDEWALK))
    plan.strips.append(Strip(plan.left, plan.right, plan.asphalt, ROAD))
    for x in plan.parking:
        darker = scale_color(plan.asphalt, 0.9)
        plan.strips.append(Strip(x - PARKING / 2, x + PARKING / 2, darker, ROAD))
    if plan.median:
        half = plan.median / 2
        plan.strips.append(Strip(-half, half, curb, SIDEWALK))
        inner = TERRAIN if rng.random() < 0.7 else SIDEWALK
        plan.strips.append(
            Strip(-half + 0.18, half - 0.18, grass if inner == TERRAIN else paving, inner)
        )
