"""Furnishing the sidewalks: lamps, signs, trees, bollards, traffic lights, parked bicycles."""

from math import pi
from random import Random

import numpy as np

from ..drawing.canvas import Canvas
from ..drawing.classes import BICYCLE, MOTORCYCLE
from .pedestrians import add_pedestrians, add_person
from .placement import Placement
from .plan import Plan
from .roadside_barriers import add_fence
from .roadside_plants import add_tree
from .street_furniture import draw_bollard, draw_lamp, draw_trash_can, draw_utility_pole
from .traffic import add_two_wheeler
from .traffic_lights import draw_traffic_light
from .traffic_signs import draw_sign_post


def _post(x: float, z: float) -> np.ndarray:
    return np.array(((x - 0.07, z), (x + 0.07, z), (x + 0.07, z + 0.14)))


def _bollard(canvas: Canvas, rng: Random, x: float, z: float, style_seed: int) -> None:
    draw_bollard(
        canvas, x, z, Random(style_seed).choice(((60, 60, 58), (120, 122, 122), (40, 40, 150)))
    )


def add_sidewalks(plan: Plan, rng: Random) -> None:
    """Add everything that stands on the sidewalks, and the people on them."""
    lamps = rng.choice(('left', 'right', 'both', 'both', 'none'))
    for side, name in ((-1, 'left'), (1, 'right')):
        curb = plan.right if side > 0 else plan.left
        x = curb + side * rng.uniform(0.4, 0.7)
        if lamps in (name, 'both'):
            step, z = rng.uniform(15, 28), rng.uniform(6, 22)
            while z < 110:
                plan.add(z, _post(x, z), 7.0, rng, draw_lamp, x, z, side)
                z += step
        elif rng.random() < 0.35:
            step, z = rng.uniform(20, 32), rng.uniform(9, 25)
            while z < 110:
                plan.add(z, _post(x, z), 8.0, rng, draw_utility_pole, x, z)
                z += step
        z = rng.uniform(14, 30)
        while z < 90:
            plan.add(z, _post(x, z), 2.6, rng, draw_sign_post, x, z)
            z += rng.uniform(10, 40)
        _add_trees(plan, rng, side, curb)
        _add_small(plan, rng, side, curb)
        add_pedestrians(plan, rng, side)
    if plan.median and plan.tracks is None and rng.random() < 0.6:
        z = rng.uniform(10, 20)
        while z < 100:
            add_tree(plan, rng, 0.0, z, rng.uniform(4.5, 8))
            z += rng.uniform(8, 16)
    if plan.crossing is not None:
        _add_lights(plan, rng, plan.crossing)


def _add_trees(plan: Plan, rng: Random, side: int, curb: float) -> None:
    chance = {'city': 0.3, 'suburb': 0.35, 'avenue': 0.7, 'edge': 0.4}[plan.style]
    if rng.random() > chance:
        return
    x = curb + side * (plan.verge[side] / 2 + 0.5)
    step, z = rng.uniform(7, 15), rng.uniform(9, 18)
    height = rng.uniform(5, 10)
    while z < 105:
        if rng.random() < 0.85:
            add_tree(plan, rng, x, z + rng.uniform(-1, 1), height * rng.uniform(0.8, 1.15))
        z += step


def _add_small(plan: Plan, rng: Random, side: int, curb: float) -> None:
    """Add bollards or a fence, trash cans, parked bicycles and motorcycles."""
    x = curb + side * 0.45
    if rng.random() < 0.3:
        style_seed, z = rng.getrandbits(32), rng.uniform(6, 15)
        for i in range(rng.randrange(4, 14)):
            at = z + i * 1.8
            plan.add(at, _post(x, at), 0.9, rng, _bollard, x, at, style_seed)
    elif rng.random() < 0.3:
        z = rng.uniform(5, 20)
        add_fence(plan, rng, side, abs(curb) + 0.25, z, z + rng.uniform(6, 25), 1.0)
    for _ in range(rng.choice((0, 0, 1, 2))):
        z = rng.uniform(9, 50)
        at = curb + side * rng.uniform(0.8, 1.2)
        plan.add(z, _post(at, z), 1.1, rng, draw_trash_can, at, z)
    for label, chance in ((BICYCLE, 0.5), (MOTORCYCLE, 0.16)):
        if rng.random() < chance:
            z = rng.uniform(8, 32)
            turn = rng.choice((-1, 1)) * rng.uniform(0.7, 1.5)
            for i in range(rng.randrange(1, 6)):
                where = curb + side * rng.uniform(1.2, 1.5)
                placement = Placement(
                    where, z + i * rng.uniform(0.6, 0.9), turn + rng.gauss(0, 0.12)
                )
                add_two_wheeler(plan, rng, label, placement, ridden=False)


def _add_lights(plan: Plan, rng: Random, crossing: float) -> None:
    """Add traffic lights at a crosswalk ``crossing`` meters ahead, and people who cross."""
    z, lit = crossing - 1.0, rng.randrange(3)
    for side in (-1, 1):
        curb = plan.right if side > 0 else plan.left
        x = curb + side * rng.uniform(0.35, 0.9)
        reach = rng.uniform(2.5, 4.5) if rng.random() < 0.4 else 0.0
        for at in (z, z + rng.uniform(11, 16)):
            if at == z or rng.random() < 0.6:
                place = (x, at, side, lit, reach)
                plan.add(at, _post(x, at), 3.5, rng, draw_traffic_light, *place)
    for _ in range(rng.choice((0, 1, 2, 4))):
        x = rng.uniform(plan.left, plan.right)
        turn = rng.choice((-1, 1)) * pi / 2
        add_person(plan, rng, x, crossing + rng.uniform(0.4, 2.6), turn + rng.gauss(0, 0.2))
    if rng.random() < 0.25:
        placement = Placement(rng.uniform(plan.left, plan.right), crossing + 1.5, pi / 2)
        add_two_wheeler(plan, rng, BICYCLE, placement, ridden=True)
