"""People, and bicycles and motorcycles with and without riders, built from strokes."""

from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

from .classes import BICYCLE, MOTORCYCLE, PERSON, RIDER
from .light import Color
from .stage import Pixel, Stage
from .vehicles import Pose

Spot = tuple[float, float, float]  # meters ahead of the figure's middle, up, to its right

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


@dataclass(frozen=True)
class Stroke:
    """A thick line within a figure, ``width`` meters wide; without a label it is a detail."""

    start: Spot
    end: Spot
    width: float
    color: Color
    label: int | None


def draw_strokes(stage: Stage, pose: Pose, strokes: list[Stroke]) -> None:
    """Draw strokes in their order, lit as upright things are."""
    camera, light = stage.camera, stage.light
    ahead, right = sin(pose.heading), cos(pose.heading)
    shaded = 0.9 * stage.shaded(pose.x, pose.z)
    front, top = light.on((0.0, 0.35, -0.9), shaded), light.on((0.0, 1.0, 0.0), shaded)
    gain = tuple(0.5 * f + 0.4 * t for f, t in zip(front, top, strict=True))
    scale = camera.scale(pose.z)

    def pixel(spot: Spot) -> Pixel:
        x = pose.x + spot[0] * ahead + spot[2] * right
        return camera.spot(x, spot[1], pose.z + spot[0] * right - spot[2] * ahead)

    for stroke in strokes:
        color = light.tone(stroke.color, gain, pose.z)
        width = stroke.width * scale
        stage.limb(pixel(stroke.start), pixel(stroke.end), width, color, stroke.label)


def _head(at: Spot, size: float, skin: Color, hair: Color, label: int) -> list[Stroke]:
    ahead, up, right = at
    face = (ahead + 0.02, up - 0.03 * size, right)
    low = (ahead + 0.02, up - 0.1 * size, right)
    top = (ahead - 0.03, up + 0.05 * size, right)
    return [
        Stroke(face, low, 0.19 * size, skin, label),
        Stroke(top, (ahead - 0.03, up, right), 0.2 * size, hair, label),
    ]


def person(rng: Random, tall: float) -> list[Stroke]:
    """A person ``tall`` meters high, who stands or walks ahead."""
    size = tall / 1.75
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
    dark = tuple(0.85 * c for c in cloth)
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
        wide = 0.23 * size * broad
        strokes.append(Stroke((0, hip, side * 0.8), (0, chest, side), wide, cloth, PERSON))
    if rng.random() < 0.25:  # a coat or a skirt
        hem = 0.55 * size
        for side in (-0.1, 0.1):
            strokes.append(Stroke((0, hip, side), (0, hem, side * 1.3), 0.2 * size, dark, PERSON))
    strokes += arms[1]
    strokes.append(Stroke((0, chest, 0), (0, neck + 0.06, 0), 0.1 * size, skin, PERSON))
    strokes += _head((0.02, 1.62 * size, 0.0), size, skin, hair, PERSON)
    if rng.random() < 0.3:  # a bag on the back or in the hand
        bag = rng.choice(CLOTHES)
        if rng.random() < 0.5:
            back = ((-0.2, 1.0 * size, 0.0), (-0.2, 1.3 * size, 0.0))
            strokes.append(Stroke(*back, 0.26 * size, bag, PERSON))
        else:
            hand = ((0.0, 0.6 * size, 0.32), (0.0, 0.45 * size, 0.32))
            strokes.append(Stroke(*hand, 0.24, bag, PERSON))
    return strokes


def _ring(stage: Stage, pose: Pose, at: float, radius: float, thick: float, label: int) -> None:
    """A wheel: its tire is drawn, its whole disc is labelled."""
    rim = []
    for i in range(18):
        ahead, up = radius * cos(pi * i / 9), radius * sin(pi * i / 9)
        x, z = pose.at(at + ahead, 0.0)
        rim.append(stage.camera.spot(x, radius + up, z))
    tone = stage.light.tone((36, 34, 34), stage.light.on((0.0, 0.5, -0.8)), pose.z)
    stage.mark(rim, label)
    stage.loop(rim, thick * stage.camera.scale(pose.z), tone, label)


def draw_bicycle(stage: Stage, rng: Random, pose: Pose, ridden: bool) -> None:
    """A bicycle; its frame and the discs of its wheels are labelled."""
    paint = rng.choice(((40, 36, 36), (40, 40, 180), (160, 90, 30), (200, 200, 200), (70, 120, 60)))
    for at in (-0.52, 0.52):
        _ring(stage, pose, at, 0.34, 0.05, BICYCLE)
    crank, seat, head = (-0.1, 0.3, 0.0), (-0.22, 0.82, 0.0), (0.36, 0.82, 0.0)
    rear, front = (-0.52, 0.34, 0.0), (0.52, 0.34, 0.0)
    tube = 0.045
    lines = [
        (rear, crank),
        (rear, (-0.2, 0.74, 0.0)),
        (crank, seat),
        (crank, (0.37, 0.7, 0.0)),
        ((-0.2, 0.74, 0.0), head),
        (head, front),
        (head, (0.33, 0.98, 0.0)),
    ]
    strokes = [Stroke(a, b, tube, paint, BICYCLE) for a, b in lines]
    black = (30, 30, 30)
    strokes.append(Stroke((0.3, 1.0, -0.27), (0.3, 1.0, 0.27), 0.04, black, BICYCLE))
    strokes.append(Stroke((-0.34, 0.88, 0.0), (-0.12, 0.88, 0.0), 0.08, black, BICYCLE))
    if rng.random() < 0.4:
        strokes.append(Stroke((-0.75, 0.75, 0.0), (-0.4, 0.75, 0.0), 0.07, black, BICYCLE))
    draw_strokes(stage, pose, strokes)
    if ridden:
        draw_strokes(stage, pose, _cyclist(rng))


def _cyclist(rng: Random) -> list[Stroke]:
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
    dark = tuple(0.85 * c for c in cloth)
    for side in (-0.22, 0.22):
        strokes.append(
            Stroke((neck[0], 1.4, side * 0.9), (0.3, 1.05, side * 1.1), 0.1, dark, RIDER)
        )
    strokes += _head((neck[0] + 0.08, 1.66, 0.0), 1.02, skin, helmet, RIDER)
    return strokes


def draw_motorcycle(stage: Stage, rng: Random, pose: Pose, ridden: bool) -> None:
    """A motorcycle or a scooter."""
    paint = rng.choice(
        ((30, 30, 34), (40, 36, 190), (170, 90, 40), (210, 210, 210), (40, 150, 230))
    )
    scooter = rng.random() < 0.4
    radius = 0.26 if scooter else 0.32
    base = 0.62 if scooter else 0.7
    for at in (-base, base):
        _ring(stage, pose, at, radius, 0.13, MOTORCYCLE)
    black, metal = (32, 32, 32), (128, 128, 126)
    strokes = [
        Stroke(
            (-0.3, 0.42, 0.0), (0.25, 0.42, 0.0), 0.36, metal if not scooter else paint, MOTORCYCLE
        ),
        Stroke((-0.75, 0.72, 0.0), (-0.1, 0.74, 0.0), 0.22, black, MOTORCYCLE),
        Stroke((0.0, 0.82, 0.0), (0.4, 0.8, 0.0), 0.32, paint, MOTORCYCLE),
        Stroke((0.45, 0.9, 0.0), (base, radius, 0.0), 0.13, metal, MOTORCYCLE),
        Stroke((0.5, 0.6, 0.0), (0.55, 0.95, 0.0), 0.26, paint, MOTORCYCLE),
        Stroke((0.38, 1.06, -0.36), (0.38, 1.06, 0.36), 0.05, black, MOTORCYCLE),
        Stroke((-0.3, 0.35, -0.16), (-0.7, 0.36, -0.16), 0.1, metal, MOTORCYCLE),
        Stroke((-0.8, 0.66, 0.0), (-0.8, 0.7, 0.0), 0.16, (40, 36, 190), MOTORCYCLE),
    ]
    lamp = (230, 240, 240)
    if cos(pose.heading) < 0:
        strokes.append(Stroke((0.62, 0.88, 0.0), (0.62, 0.9, 0.0), 0.17, lamp, MOTORCYCLE))
    if rng.random() < 0.4:
        strokes.append(Stroke((-0.78, 0.95, 0.0), (-0.7, 0.95, 0.0), 0.34, black, MOTORCYCLE))
    draw_strokes(stage, pose, strokes)
    if ridden:
        draw_strokes(stage, pose, _biker(rng))


def _biker(rng: Random) -> list[Stroke]:
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
    dark = tuple(0.8 * c for c in cloth)
    for side in (-0.26, 0.26):
        strokes.append(Stroke((-0.08, 1.36, side), (0.34, 1.08, side * 1.2), 0.12, dark, RIDER))
    strokes.append(Stroke((0.0, 1.58, 0.0), (0.03, 1.6, 0.0), 0.29, helmet, RIDER))
    if rng.random() < 0.6:
        strokes.append(Stroke((0.1, 1.58, 0.0), (0.1, 1.58, 0.0), 0.14, (50, 44, 40), None))
    return strokes
