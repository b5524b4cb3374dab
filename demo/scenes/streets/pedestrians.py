"""People on the sidewalks."""

from math import pi
from random import Random

from ..drawing.canvas import Canvas
from .person_strokes import person_strokes
from .placement import Placement, footprint
from .plan import Plan
from .strokes import draw_strokes


def _person(canvas: Canvas, rng: Random, placement: Placement, height: float) -> None:
    draw_strokes(canvas, placement, person_strokes(rng, height))


def add_person(plan: Plan, rng: Random, x: float, z: float, heading: float) -> None:
    """Add a person, sometimes a child, at (x, z) meters; ``heading`` is in radians."""
    height = rng.uniform(1.0, 1.4) if rng.random() < 0.1 else rng.gauss(1.72, 0.08)
    placement = Placement(x, z, heading)
    plan.add(z, footprint(placement, 0.4, 0.5), height, rng, _person, placement, height)


def add_pedestrians(plan: Plan, rng: Random, side: int) -> None:
    """Add the people on one sidewalk, alone or in pairs; ``side`` is +1 on the right."""
    start, end = (abs(v) for v in plan.walk[side])
    crowd = {'city': 5.0, 'suburb': 2.4, 'avenue': 4.0, 'edge': 1.8}[plan.style]
    for _ in range(int(rng.expovariate(1 / crowd))):
        z = 7 + 55 * rng.random() ** 1.4
        heading = rng.choice((0.0, pi)) + rng.gauss(0, 0.3)
        x = side * rng.uniform(start + 0.4, max(end - 0.3, start + 0.6))
        add_person(plan, rng, x, z, heading)
        if rng.random() < 0.35:  # company
            add_person(plan, rng, x + rng.uniform(0.5, 0.7), z + rng.gauss(0, 0.2), heading)
