"""The people on bicycles and motorcycles."""

from random import Random

from ..drawing.classes import RIDER
from ..drawing.light import scale_color
from .person_strokes import CLOTHES, HAIR, LEGS, SKIN, head_strokes
from .strokes import Stroke


def cyclist_strokes(rng: Random) -> list[Stroke]:
    """Sample the rider of a bicycle."""
    cloth, legs = rng.choice(CLOTHES), rng.choice(LEGS)
    skin, hair = rng.choice(SKIN), rng.choice(HAIR)
    helmet = rng.choice((hair, (230, 230, 230), (40, 40, 180), (60, 200, 230), (40, 40, 40)))
    bend = rng.uniform(0.12, 0.36)
    neck = (-0.22 + bend, 1.5, 0.0)
    strokes = []
    for side, knee_up, foot_up in ((-0.12, 0.78, 0.42), (0.12, 0.62, 0.16)):
        knee, foot = (0.14, knee_up, side * 1.2), (-0.06, foot_up, side)
        strokes += [
            Stroke((-0.22, 0.94, side * 0.8), knee, 0.16, legs, RIDER),
            Stroke(knee, foot, 0.12, legs, RIDER),
            Stroke(foot, (foot[0] + 0.14, foot_up - 0.02, side), 0.09, (34, 34, 34), RIDER),
        ]
    for side in (-0.11, 0.11):
        strokes.append(Stroke((-0.24, 0.96, side * 0.8), (neck[0], 1.38, side), 0.24, cloth, RIDER))
    dark = scale_color(cloth, 0.85)
    for side in (-0.22, 0.22):
        strokes.append(
            Stroke((neck[0], 1.4, side * 0.9), (0.3, 1.05, side * 1.1), 0.1, dark, RIDER)
        )
    strokes += head_strokes((neck[0] + 0.08, 1.66, 0.0), 1.02, skin, helmet, RIDER)
    return strokes


def motorcyclist_strokes(rng: Random) -> list[Stroke]:
    """Sample the rider of a motorcycle."""
    cloth = rng.choice(CLOTHES)
    legs = rng.choice(LEGS)
    helmet = rng.choice(((30, 30, 30), (225, 225, 225), (40, 40, 190), (60, 180, 230)))
    strokes = []
    for side in (-0.2, 0.2):
        strokes += [
            Stroke((-0.3, 0.86, side * 0.8), (0.18, 0.74, side * 1.2), 0.18, legs, RIDER),
            Stroke((0.18, 0.74, side * 1.2), (-0.05, 0.32, side), 0.14, legs, RIDER),
            Stroke((-0.05, 0.3, side), (0.1, 0.28, side), 0.1, (30, 30, 30), RIDER),
        ]
    for side in (-0.12, 0.12):
        strokes.append(Stroke((-0.32, 0.92, side), (-0.08, 1.32, side), 0.27, cloth, RIDER))
    dark = scale_color(cloth, 0.8)
    for side in (-0.26, 0.26):
        strokes.append(Stroke((-0.08, 1.36, side), (0.34, 1.08, side * 1.2), 0.12, dark, RIDER))
    strokes.append(Stroke((0.0, 1.58, 0.0), (0.03, 1.6, 0.0), 0.29, helmet, RIDER))
    if rng.random() < 0.6:
        strokes.append(Stroke((0.1, 1.58, 0.0), (0.1, 1.58, 0.0), 0.14, (50, 44, 40), None))
    return strokes
