"""Walls, fences and hedges along the street."""

from random import Random

import numpy as np

from ..drawing.canvas import Canvas
from .barriers import FENCE_STYLES, draw_fence, draw_wall, plane_along
from .plan import Plan
from .plants import draw_hedge


def add_barrier(
    plan: Plan, rng: Random, side: int, edge: float, z: float, far: float, kinds: tuple
) -> None:
    """Add a wall, a fence or a hedge along the street, or nothing, by the weights ``kinds``."""
    kind = rng.choices(('wall', 'fence', 'hedge', 'none'), kinds)[0]
    if kind == 'none':
        return
    height = rng.uniform(*{'wall': (0.9, 2.6), 'fence': (0.9, 2.0), 'hedge': (0.8, 2.2)}[kind])
    _add_parts(plan, rng, _DRAW[kind], side, edge, z, far, height)


def add_fence(
    plan: Plan, rng: Random, side: int, edge: float, near: float, far: float, height: float
) -> None:
    """Add a fence along the street, ``edge`` meters beside its center line."""
    _add_parts(plan, rng, _fence, side, edge, near, far, height)


def _add_parts(
    plan: Plan, rng: Random, draw, side: int, edge: float, near: float, far: float, height: float
) -> None:
    """Add a barrier in sections that can be sorted by depth."""
    style_seed = rng.getrandbits(32)
    x = side * edge
    count = max(1, round((far - near) / 5))
    for i in range(count):
        start, end = (near + (far - near) * j / count for j in (i, i + 1))
        base = np.array(((x, start), (x, end), (x + side * 0.3, end), (x + side * 0.3, start)))
        casts = 0.0 if draw is _fence else height
        plan.add(end, base, casts, rng, draw, style_seed, side, x, start, end, height)


def _wall(canvas: Canvas, rng: Random, style_seed: int, *place) -> None:
    same = Random(style_seed)  # all parts of a wall style_seed alike
    brick = same.random() < 0.5
    colors = ((70, 90, 150), (84, 110, 165)) if brick else ((165, 172, 178), (130, 140, 146))
    draw_wall(canvas, rng, plane_along(*place), same.choice(colors), brick)


def _fence(canvas: Canvas, rng: Random, style_seed: int, *place) -> None:
    same = Random(style_seed)
    style = same.choice(FENCE_STYLES)
    metal, wood = ((46, 48, 44), (120, 124, 122), (60, 84, 50)), ((215, 220, 222), (70, 96, 130))
    color = same.choice(wood if style in ('picket', 'rails') else metal)
    draw_fence(canvas, plane_along(*place), style, color)


def _hedge(canvas: Canvas, rng: Random, style_seed: int, *place) -> None:
    draw_hedge(canvas, Random(style_seed), *place)


_DRAW = {'wall': _wall, 'fence': _fence, 'hedge': _hedge}
