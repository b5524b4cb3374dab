"""Trees and bushes beside the street."""

from random import Random

import numpy as np

from .plan import Plan
from .plants import draw_bush, draw_tree


def add_plant(plan: Plan, rng: Random, x: float, z: float) -> None:
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
