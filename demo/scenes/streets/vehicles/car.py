"""Cars and vans."""

from random import Random

from ...drawing.classes import CAR
from ...drawing.light import Color
from .body import Body, Point
from .vehicle import PANE, Vehicle


def _sample_paint(rng: Random) -> Color:
    """Sample a car's color; most are black, gray or white."""
    paints: tuple[tuple[Color, int], ...] = (
        ((226, 226, 224), 5),
        ((40, 38, 36), 5),
        ((110, 108, 104), 4),
        ((176, 176, 172), 5),
        ((120, 62, 30), 3),
        ((40, 30, 140), 3),
        ((60, 46, 90), 1),
        ((70, 90, 50), 1),
        ((150, 180, 200), 1),
        ((40, 180, 220), 1),
        ((180, 130, 60), 1),
    )
    return rng.choices([p for p, _ in paints], [w for _, w in paints])[0]


_REAR_LAMPS = ((0.02, 0.3, 0.16, 0.95, 'tail'), (0.84, 0.3, 0.98, 0.95, 'tail'))
_FRONT_LAMPS = ((0.03, 0.1, 0.22, 0.6, 'head'), (0.78, 0.1, 0.97, 0.6, 'head'))


def build_car(rng: Random) -> Vehicle:
    """Sample a car or a van."""
    style = rng.choice(('sedan', 'hatchback', 'hatchback', 'wagon', 'tall', 'van'))
    paint = _sample_paint(rng)
    grow = rng.uniform(0.94, 1.06)
    # Rear, trunk and rear window, roof, windshield, hood, front.
    length, roof, trunk, back, fore, cowl = {
        'sedan': (4.6, 1.44, -1.55, -1.0, 0.4, 1.15),
        'hatchback': (4.0, 1.48, -1.98, -1.6, 0.35, 1.05),
        'wagon': (4.6, 1.47, -2.22, -1.85, 0.4, 1.15),
        'tall': (4.5, 1.72, -2.18, -1.9, 0.45, 1.2),
        'van': (5.0, 2.05, -2.46, -2.35, 1.1, 1.75),
    }[style]
    belt = 0.62 * roof
    end = length / 2
    outline = (
        (-end + 0.06, 0.3),
        (-end, 0.55),
        (-end + 0.04, belt + 0.02),
        (trunk, belt + 0.06),
        (back, roof - 0.04),
        ((back + fore) / 2, roof),
        (fore, roof - 0.03),
        (cowl, belt + 0.04),
        (end - 0.12, belt - 0.18),
        (end, 0.52),
        (end - 0.05, 0.28),
    )
    high = roof - 0.14
    pillar = (back + fore) / 2
    rear_edge = trunk + 0.25
    windows: tuple[tuple[Point, ...], ...] = (
        (
            (rear_edge, belt + 0.05),
            (back + 0.15, high),
            (pillar - 0.06, high),
            (pillar - 0.06, belt),
        ),
        ((pillar + 0.04, belt), (pillar + 0.04, high), (fore - 0.05, high), (cowl - 0.25, belt)),
    )
    if style == 'van' and rng.random() < 0.6:
        windows = windows[1:]
    axle = length * 0.31
    body = Body(
        outline=outline,
        width=1.8 if style != 'van' else 1.95,
        belt=belt,
        lean=0.16 if style != 'van' else 0.07,
        windows=windows,
        wheels=((-axle, 0.31), (axle, 0.31)),
        patches={
            0: ((0.0, 0.0, 1.0, 0.5, 'dark'),),
            1: (*_REAR_LAMPS, (0.36, 0.4, 0.64, 0.72, 'plate')),
            3: PANE,
            6: PANE,
            8: ((0.3, 0.3, 0.7, 0.85, 'dark'), *_FRONT_LAMPS),
            9: ((0.35, 0.0, 0.65, 0.5, 'plate'), (0.05, 0.4, 0.95, 1.0, 'dark')),
        },
    )
    scaled = Body(
        outline=tuple((grow * a, grow * h) for a, h in body.outline),
        width=grow * body.width,
        belt=grow * body.belt,
        lean=body.lean,
        windows=tuple(tuple((grow * a, grow * h) for a, h in w) for w in body.windows),
        wheels=tuple((grow * a, grow * r) for a, r in body.wheels),
        patches=body.patches,
    )
    part = (scaled, 0.0, paint, paint)
    return Vehicle(CAR, (part,), grow * length, scaled.width, grow * roof)
