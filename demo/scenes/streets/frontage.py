"""What lines the street: rows of houses, walled gardens, parks, and openings between them."""

from random import Random

import numpy as np

from .barriers import FENCE_STYLES, draw_fence, draw_wall, plane_along
from .buildings import Building, draw_building, draw_closing_building
from .classes import ROAD
from .ground import Strip
from .layout import Plan
from .plants import draw_bush, draw_hedge, draw_tree
from .stage import Stage

_END = 135.0
_KINDS = {
    'city': (('row', 80), ('garden', 8), ('opening', 8), ('park', 4)),
    'suburb': (('row', 14), ('garden', 66), ('opening', 8), ('park', 12)),
    'avenue': (('row', 56), ('garden', 18), ('opening', 10), ('park', 16)),
    'edge': (('row', 10), ('garden', 46), ('opening', 6), ('park', 38)),
}


def add_frontage(plan: Plan, rng: Random) -> None:
    """Line both sides of the street, and close its end."""
    for side in (-1, 1):
        edge = abs(plan.walk[side][1])
        kinds, weights = zip(*_KINDS[plan.style], strict=True)
        z = rng.uniform(1.2, 4.0)
        tall, last = _height(plan, rng), ''
        while z < _END:
            kind = rng.choices(kinds, weights)[0]
            if kind == 'row':
                z = _add_row(plan, rng, side, edge, z, tall, last != 'row')
            elif kind == 'garden':
                z = _add_garden(plan, rng, side, edge, z)
            elif kind == 'park':
                z = _add_park(plan, rng, side, edge, z)
            else:
                z = _add_opening(plan, rng, side, z)
            last = kind
    if rng.random() < 0.35:
        x, z, wide = rng.uniform(-30, 10), rng.uniform(115, 145), rng.uniform(14, 40)
        tall, base = rng.uniform(6, 16), np.array(((x, z), (x + wide, z)))
        plan.add(z, base, 0.0, rng, draw_closing_building, x, z, wide, tall)


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
    tall: float,
    alone: bool,
) -> None:
    pitched = rng.random() < (0.85 if tall < 9 else 0.35)
    house = Building(side, side * edge, near, far, tall, pitched, alone)
    plan.add(far, house.base, tall + 1.5 * pitched, rng, draw_building, house, shades=True)


def _add_row(
    plan: Plan, rng: Random, side: int, edge: float, z: float, tall: float, alone: bool
) -> float:
    far = z + rng.uniform(7, 20)
    own = max(3.5, tall + rng.gauss(0, 1.5))
    back = edge + rng.choice((0.0, 0.0, 0.6))
    _add_building(plan, rng, side, back, z, far, own, alone)
    return far


def _add_barrier(
    plan: Plan, rng: Random, side: int, edge: float, z: float, far: float, kinds: tuple
) -> None:
    """A wall, fence or hedge along the street, or nothing."""
    kind = rng.choices(('wall', 'fence', 'hedge', 'none'), kinds)[0]
    if kind == 'none':
        return
    tall = rng.uniform(*{'wall': (0.9, 2.6), 'fence': (0.9, 2.0), 'hedge': (0.8, 2.2)}[kind])
    _add_parts(plan, rng, _DRAW[kind], side, edge, z, far, tall)


def add_fence(
    plan: Plan, rng: Random, side: int, edge: float, near: float, far: float, tall: float
) -> None:
    """Put up a fence along the street, ``edge`` meters beside its center line."""
    _add_parts(plan, rng, _fence, side, edge, near, far, tall)


def _add_parts(
    plan: Plan, rng: Random, draw, side: int, edge: float, near: float, far: float, tall: float
) -> None:
    """Cut a barrier into lengths that can be sorted by depth."""
    look = rng.getrandbits(32)
    x = side * edge
    count = max(1, round((far - near) / 5))
    for i in range(count):
        start, end = (near + (far - near) * j / count for j in (i, i + 1))
        base = np.array(((x, start), (x, end), (x + side * 0.3, end), (x + side * 0.3, start)))
        casts = 0.0 if draw is _fence else tall
        plan.add(end, base, casts, rng, draw, look, side, x, start, end, tall)


def _wall(stage: Stage, rng: Random, look: int, *place) -> None:
    same = Random(look)  # all parts of a wall look alike
    brick = same.random() < 0.5
    colors = ((70, 90, 150), (84, 110, 165)) if brick else ((165, 172, 178), (130, 140, 146))
    draw_wall(stage, rng, plane_along(*place), same.choice(colors), brick)


def _fence(stage: Stage, rng: Random, look: int, *place) -> None:
    same = Random(look)
    style = same.choice(FENCE_STYLES)
    metal, wood = ((46, 48, 44), (120, 124, 122), (60, 84, 50)), ((215, 220, 222), (70, 96, 130))
    color = same.choice(wood if style in ('picket', 'rails') else metal)
    draw_fence(stage, plane_along(*place), style, color)


def _hedge(stage: Stage, rng: Random, look: int, *place) -> None:
    draw_hedge(stage, Random(look), *place)


_DRAW = {'wall': _wall, 'fence': _fence, 'hedge': _hedge}


def _add_garden(plan: Plan, rng: Random, side: int, edge: float, z: float) -> float:
    far = z + rng.uniform(10, 24)
    _add_barrier(plan, rng, side, edge, z, far, (34, 36, 22, 8))
    back = edge + rng.uniform(3.5, 9)
    if rng.random() < 0.75:
        near = z + rng.uniform(0, 3)
        end = max(near + 5, far - rng.uniform(0, 3))
        _add_building(plan, rng, side, back, near, end, rng.uniform(3.5, 8.5), alone=True)
    for _ in range(rng.randrange(0, 4)):
        _add_plant(plan, rng, side * rng.uniform(edge + 1, back), rng.uniform(z + 1, far - 1))
    return far


def _add_plant(plan: Plan, rng: Random, x: float, z: float) -> None:
    if z < 4:
        return
    if rng.random() < 0.5:
        add_tree(plan, rng, x, z, rng.uniform(3.5, 8))
    else:
        tall = rng.uniform(0.7, 2.0)
        base = np.array(((x - 0.6, z - 0.5), (x + 0.6, z - 0.5), (x + 0.6, z + 0.5)))
        plan.add(z, base, tall, rng, draw_bush, x, z, tall)


def add_tree(plan: Plan, rng: Random, x: float, z: float, tall: float) -> None:
    """Plant a tree. Its crown's shadow falls as that of a post as wide as the crown."""
    wide = 0.25 * tall
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    base = np.stack((x + wide * np.cos(turn), z + wide * np.sin(turn)), -1)
    plan.add(z, base, 0.8 * tall, rng, draw_tree, x, z, tall, shades=True)


def _add_park(plan: Plan, rng: Random, side: int, edge: float, z: float) -> float:
    far = z + rng.uniform(14, 30)
    _add_barrier(plan, rng, side, edge, z, far, (12, 40, 14, 34))
    for _ in range(rng.randrange(3, 9)):
        _add_plant(plan, rng, side * (edge + rng.uniform(1.5, 16)), rng.uniform(z, far))
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
