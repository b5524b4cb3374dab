"""What lines the street: rows of houses, walled gardens, parks, and openings between them."""

from random import Random

import numpy as np

from ..drawing.classes import ROAD
from .buildings import Building, draw_building, draw_closing_building
from .plan import Plan
from .road import Strip
from .roadside_barriers import add_barrier
from .roadside_plants import add_plant, add_tree

_END = 135.0  # meters ahead
_KINDS = ('row', 'garden', 'opening', 'park')
_WEIGHTS = {  # of the kinds, by the style of the street
    'city': (80, 8, 8, 4),
    'suburb': (14, 66, 8, 12),
    'avenue': (56, 18, 10, 16),
    'edge': (10, 46, 6, 38),
}


def add_roadside(plan: Plan, rng: Random) -> None:
    """Line both sides of the street, and close its end."""
    for side in (-1, 1):
        edge = abs(plan.walk[side][1])
        z = rng.uniform(1.2, 4.0)
        height, last = _height(plan, rng), ''
        while z < _END:
            kind = rng.choices(_KINDS, _WEIGHTS[plan.style])[0]
            if kind == 'row':
                z = _add_row(plan, rng, side, edge, z, height, last != 'row')
            elif kind == 'garden':
                z = _add_garden(plan, rng, side, edge, z)
            elif kind == 'park':
                z = _add_park(plan, rng, side, edge, z)
            else:
                z = _add_opening(plan, rng, side, z)
            last = kind
    if rng.random() < 0.35:
        x, z, width = rng.uniform(-30, 10), rng.uniform(115, 145), rng.uniform(14, 40)
        height, base = rng.uniform(6, 16), np.array(((x, z), (x + width, z)))
        plan.add(z, base, 0.0, rng, draw_closing_building, x, z, width, height)


def _height(plan: Plan, rng: Random) -> float:
    low, high = {'city': (8, 19), 'suburb': (4, 8), 'avenue': (10, 22), 'edge': (4, 9)}[plan.style]
    return rng.uniform(low, high)


def _add_building(
    plan: Plan,
    rng: Random,
    side: int,
    edge: float,
    near: float,
    far: float,
    height: float,
    alone: bool,
) -> None:
    pitched = rng.random() < (0.85 if height < 9 else 0.35)
    house = Building(side, side * edge, near, far, height, pitched, alone)
    plan.add(far, house.base, height + 1.5 * pitched, rng, draw_building, house, shades_others=True)


def _add_row(
    plan: Plan, rng: Random, side: int, edge: float, z: float, height: float, alone: bool
) -> float:
    far = z + rng.uniform(7, 20)
    building_height = max(3.5, height + rng.gauss(0, 1.5))
    back = edge + rng.choice((0.0, 0.0, 0.6))
    _add_building(plan, rng, side, back, z, far, building_height, alone)
    return far


def _add_garden(plan: Plan, rng: Random, side: int, edge: float, z: float) -> float:
    far = z + rng.uniform(10, 24)
    add_barrier(plan, rng, side, edge, z, far, (34, 36, 22, 8))
    back = edge + rng.uniform(3.5, 9)
    if rng.random() < 0.75:
        near = z + rng.uniform(0, 3)
        end = max(near + 5, far - rng.uniform(0, 3))
        _add_building(plan, rng, side, back, near, end, rng.uniform(3.5, 8.5), alone=True)
    for _ in range(rng.randrange(0, 4)):
        add_plant(plan, rng, side * rng.uniform(edge + 1, back), rng.uniform(z + 1, far - 1))
    return far


def _add_park(plan: Plan, rng: Random, side: int, edge: float, z: float) -> float:
    far = z + rng.uniform(14, 30)
    add_barrier(plan, rng, side, edge, z, far, (12, 40, 14, 34))
    for _ in range(rng.randrange(3, 9)):
        add_plant(plan, rng, side * (edge + rng.uniform(1.5, 16)), rng.uniform(z, far))
    return far


def _add_opening(plan: Plan, rng: Random, side: int, z: float) -> float:
    """A side street, with trees far down it."""
    far = z + rng.uniform(5, 9)
    curb = plan.right if side > 0 else plan.left
    low, high = sorted((curb - 0.1 * side, side * 60.0))
    plan.strips.append(Strip(low, high, plan.asphalt, ROAD, max(z, 1.5), far))
    edge = abs(plan.walk[side][1])
    for _ in range(3):
        add_tree(
            plan,
            rng,
            side * (edge + rng.uniform(16, 30)),
            far + rng.uniform(2, 8),
            rng.uniform(5, 9),
        )
    return far
