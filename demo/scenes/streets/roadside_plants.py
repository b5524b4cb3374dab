"""Trees and bushes beside the street."""

from random import Random

import numpy as np

from .plan import Plan
from .plants import draw_bush, draw_tree


def add_plant(plan: Plan, rng: Random, x: float, z: float) -> None:
    """Add a tree or a bush at (x, z) meters, unless that is too close to the camera."""
    if z < 4:
        return
    if rng.random() < 0.5:
        add_tree(plan, rng, x, z, rng.uniform(3.5, 8))
    else:
        height = rng.uniform(0.7, 2.0)
        base = np.array(((x - 0.6, z - 0.5), (x + 0.6, z - 0.5), (x + 0.6, z + 0.5)))
        plan.add(z, base, height, rng, draw_bush, x, z, height)


def add_tree(plan: Plan, rng: Random, x: float, z: float, height: float) -> None:
    """Add a tree ``height`` meters high. Its shadow is that of a post as wide as its crown."""
    width = 0.25 * height
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    base = np.stack((x + width * np.cos(turn), z + width * np.sin(turn)), -1)
    plan.add(z, base, 0.8 * height, rng, draw_tree, x, z, height, shades_others=True)
