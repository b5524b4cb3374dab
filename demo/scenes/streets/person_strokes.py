"""People on foot."""

from random import Random

from ..drawing.classes import PERSON
from ..drawing.light import Color, scale_color
from .strokes import Point3, Stroke

CLOTHES: tuple[Color, ...] = (
    (44, 40, 38),
    (96, 60, 40),
    (60, 52, 110),
    (40, 36, 160),
    (150, 140, 130),
    (205, 205, 205),
    (84, 104, 72),
    (60, 150, 200),
    (150, 110, 70),
    (70, 80, 100),
    (120, 80, 120),
    (80, 190, 215),
)

LEGS: tuple[Color, ...] = (
    (92, 64, 46),
    (40, 36, 34),
    (76, 78, 80),
    (104, 130, 150),
    (60, 50, 44),
    (120, 100, 90),
)

SKIN: tuple[Color, ...] = ((150, 180, 226), (120, 150, 205), (80, 112, 160), (54, 76, 112))
HAIR: tuple[Color, ...] = ((26, 28, 34), (40, 60, 90), (90, 140, 180), (140, 140, 140))


def head_strokes(at: Point3, size: float, skin: Color, hair: Color, label: int) -> list[Stroke]:
    """A head about ``at``, of a person who is 1.75 times ``size`` meters high."""
    ahead, up, right = at
    face = (ahead + 0.02, up - 0.03 * size, right)
    low = (ahead + 0.02, up - 0.1 * size, right)
    top = (ahead - 0.03, up + 0.05 * size, right)
    return [
        Stroke(face, low, 0.19 * size, skin, label),
        Stroke(top, (ahead - 0.03, up, right), 0.2 * size, hair, label),
    ]


def person_strokes(rng: Random, height: float) -> list[Stroke]:
    """Sample a person ``height`` meters high, who stands or walks ahead."""
    size = height / 1.75
    cloth, legs = rng.choice(CLOTHES), rng.choice(LEGS)
    skin, hair = rng.choice(SKIN), rng.choice(HAIR)
    shoes = rng.choice(((30, 30, 30), (200, 200, 200), (50, 60, 90)))
    step = rng.choice((0.04, rng.uniform(0.15, 0.36))) * size
    swing = rng.uniform(0.3, 1.0) * step
    broad = rng.uniform(0.85, 1.2)
    hip, chest, neck = 0.88 * size, 1.3 * size, 1.46 * size
    strokes = []
    for side, sign in ((-0.09, 1), (0.09, -1)):
        knee = (sign * step * 0.5, 0.47 * size, side)
        foot = (sign * step - 0.05, 0.08, side * 1.1)
        strokes += [
            Stroke((0.0, hip, side), knee, 0.15 * size * broad, legs, PERSON),
            Stroke(knee, foot, 0.12 * size, legs, PERSON),
            Stroke(foot, (foot[0] + 0.12, 0.05, foot[2]), 0.1 * size, shoes, PERSON),
        ]
    dark = scale_color(cloth, 0.85)
    arms = []
    for side, sign in ((-0.23, -1), (0.23, 1)):
        elbow = (sign * swing * 0.5, 1.08 * size, side * broad * 1.08)
        hand = (sign * swing + 0.08, 0.86 * size, side * broad)
        arms.append(
            [
                Stroke((0.0, chest + 0.06, side * 0.85), elbow, 0.11 * size, dark, PERSON),
                Stroke(elbow, hand, 0.085 * size, dark, PERSON),
                Stroke(hand, hand, 0.09 * size, skin, PERSON),
            ]
        )
    strokes += arms[0]
    for side in (-0.1, 0.1):
        width = 0.23 * size * broad
        strokes.append(Stroke((0, hip, side * 0.8), (0, chest, side), width, cloth, PERSON))
    if rng.random() < 0.25:  # a coat or a skirt
        hem = 0.55 * size
        for side in (-0.1, 0.1):
            strokes.append(Stroke((0, hip, side), (0, hem, side * 1.3), 0.2 * size, dark, PERSON))
    strokes += arms[1]
    strokes.append(Stroke((0, chest, 0), (0, neck + 0.06, 0), 0.1 * size, skin, PERSON))
    strokes += head_strokes((0.02, 1.62 * size, 0.0), size, skin, hair, PERSON)
    if rng.random() < 0.3:  # a bag on the back or in the hand
        bag = rng.choice(CLOTHES)
        if rng.random() < 0.5:
            low, high = (-0.2, 1.0 * size, 0.0), (-0.2, 1.3 * size, 0.0)
            strokes.append(Stroke(low, high, 0.26 * size, bag, PERSON))
        else:
            high, low = (0.0, 0.6 * size, 0.32), (0.0, 0.45 * size, 0.32)
            strokes.append(Stroke(high, low, 0.24, bag, PERSON))
    return strokes
