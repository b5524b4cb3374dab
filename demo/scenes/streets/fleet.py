"""The vehicles that drive in the streets, built from bodies."""

from dataclasses import dataclass
from random import Random

from .classes import BUS, CAR, TRAIN, TRUCK
from .light import Color
from .stage import Stage
from .vehicles import Body, Pose, draw_body, pick_paint


@dataclass(frozen=True)
class Vehicle:
    """A vehicle to be placed.

    Attributes:
        label: Train id.
        parts: (body, meters ahead of the vehicle's middle, color, second color), as drawn.
        length: In meters.
        width: In meters.
        height: In meters.
    """

    label: int
    parts: tuple[tuple[Body, float, Color, Color], ...]
    length: float
    width: float
    height: float


_REAR_LAMPS = ((0.02, 0.3, 0.16, 0.95, 'tail'), (0.84, 0.3, 0.98, 0.95, 'tail'))
_FRONT_LAMPS = ((0.03, 0.1, 0.22, 0.6, 'head'), (0.78, 0.1, 0.97, 0.6, 'head'))
_PANE = ((0.07, 0.08, 0.93, 0.92, 'glass'),)


def _car(rng: Random) -> Vehicle:
    style = rng.choice(('saloon', 'hatchback', 'hatchback', 'estate', 'tall', 'van'))
    paint = pick_paint(rng)
    grow = rng.uniform(0.94, 1.06)
    # Rear, boot and rear window, roof, windscreen, bonnet, front.
    length, roof, boot, back, fore, scuttle = {
        'saloon': (4.6, 1.44, -1.55, -1.0, 0.4, 1.15),
        'hatchback': (4.0, 1.48, -1.98, -1.6, 0.35, 1.05),
        'estate': (4.6, 1.47, -2.22, -1.85, 0.4, 1.15),
        'tall': (4.5, 1.72, -2.18, -1.9, 0.45, 1.2),
        'van': (5.0, 2.05, -2.46, -2.35, 1.1, 1.75),
    }[style]
    belt = 0.62 * roof
    end = length / 2
    outline = (
        (-end + 0.06, 0.3),
        (-end, 0.55),
        (-end + 0.04, belt + 0.02),
        (boot, belt + 0.06),
        (back, roof - 0.04),
        ((back + fore) / 2, roof),
        (fore, roof - 0.03),
        (scuttle, belt + 0.04),
        (end - 0.12, belt - 0.18),
        (end, 0.52),
        (end - 0.05, 0.28),
    )
    high = roof - 0.14
    pillar = (back + fore) / 2
    rear_edge = boot + 0.25
    windows = (
        (
            (rear_edge, belt + 0.05),
            (back + 0.15, high),
            (pillar - 0.06, high),
            (pillar - 0.06, belt),
        ),
        ((pillar + 0.04, belt), (pillar + 0.04, high), (fore - 0.05, high), (scuttle - 0.25, belt)),
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
            3: _PANE,
            6: _PANE,
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


def _row(start: float, end: float, low: float, high: float, count: int, gap: float) -> tuple:
    """``count`` windows side by side, from ``start`` to ``end`` meters."""
    step = (end - start) / count
    return tuple(
        (
            (start + i * step, low),
            (start + i * step, high),
            (start + (i + 1) * step - gap, high),
            (start + (i + 1) * step - gap, low),
        )
        for i in range(count)
    )


def _bus(rng: Random) -> Vehicle:
    length, roof = rng.uniform(9.5, 12.5), rng.uniform(2.9, 3.3)
    end = length / 2
    paint = rng.choice(
        (
            (50, 190, 235),
            (40, 40, 180),
            (225, 225, 225),
            (150, 90, 30),
            (80, 140, 60),
            (70, 150, 230),
        )
    )
    second = rng.choice(((230, 230, 230), (60, 60, 60), (40, 40, 160), (160, 100, 40)))
    body = Body(
        outline=(
            (-end, 0.32),
            (-end, 1.2),
            (-end, roof - 0.15),
            (-end + 0.2, roof),
            (end - 0.3, roof),
            (end - 0.05, roof - 0.4),
            (end, 1.1),
            (end - 0.03, 0.3),
        ),
        width=2.5,
        windows=_row(-end + 0.4, end - 0.5, 1.3, roof - 0.55, 6, 0.12)
        + (((end - 1.9, 0.45), (end - 1.9, 2.4), (end - 0.8, 2.4), (end - 0.8, 0.45)),),
        stripes=(((-end, 0.4), (-end, 0.85), (end, 0.85), (end, 0.4)),),
        wheels=((-end * 0.45, 0.48), (end * 0.6, 0.48)),
        patches={
            0: (
                (0.03, 0.3, 0.14, 0.9, 'tail'),
                (0.86, 0.3, 0.97, 0.9, 'tail'),
                (0.2, 0.2, 0.8, 0.8, 'trim'),
                (0.4, 0.06, 0.6, 0.2, 'plate'),
            ),
            1: ((0.08, 0.15, 0.92, 0.75, 'glass'), (0.25, 0.82, 0.75, 0.97, 'board')),
            4: ((0.15, 0.3, 0.85, 0.95, 'board'),),
            5: ((0.04, 0.02, 0.96, 0.98, 'glass'),),
            6: ((0.04, 0.1, 0.2, 0.5, 'head'), (0.8, 0.1, 0.96, 0.5, 'head')),
        },
    )
    return Vehicle(BUS, ((body, 0.0, paint, second),), length, 2.5, roof)


def _truck(rng: Random) -> Vehicle:
    length = rng.uniform(6.2, 9.5)
    roof = rng.uniform(2.6, 3.7)
    cab_paint = rng.choice(
        ((225, 225, 225), (40, 40, 170), (140, 80, 30), (40, 150, 230), (60, 110, 50))
    )
    load_paint = rng.choice(
        ((228, 228, 226), (205, 205, 200), (60, 100, 140), (150, 110, 60), (70, 120, 70), cab_paint)
    )
    second = rng.choice(((40, 40, 180), (160, 90, 30), (90, 90, 90), (40, 160, 220)))
    end, join = length / 2, length / 2 - 2.0
    cab_tall = min(2.6, roof)
    cab = Body(
        outline=(
            (-1.0, 0.4),
            (-1.0, cab_tall - 0.1),
            (-0.8, cab_tall),
            (0.55, cab_tall),
            (0.85, 1.45),
            (1.0, 1.2),
            (1.0, 0.35),
        ),
        width=2.3,
        windows=(((-0.35, 1.45), (-0.35, cab_tall - 0.3), (0.5, cab_tall - 0.3), (0.75, 1.45)),),
        wheels=((0.1, 0.46),),
        patches={
            3: _PANE,
            5: (
                (0.2, 0.15, 0.8, 0.55, 'dark'),
                (0.03, 0.45, 0.2, 0.75, 'head'),
                (0.8, 0.45, 0.97, 0.75, 'head'),
                (0.38, 0.65, 0.62, 0.8, 'plate'),
            ),
        },
    )
    load_long = end + join - 0.15
    half = load_long / 2
    open_bed = rng.random() < 0.25
    bed_tall = 1.7 if open_bed else roof
    load = Body(
        outline=((-half, 0.75), (-half, 1.05), (-half, bed_tall), (half, bed_tall), (half, 0.75)),
        width=2.45,
        stripes=()
        if open_bed or rng.random() < 0.4
        else (
            (
                (-half * 0.8, bed_tall * 0.5),
                (-half * 0.8, bed_tall * 0.75),
                (half * 0.5, bed_tall * 0.75),
                (half * 0.5, bed_tall * 0.5),
            ),
        ),
        wheels=((-half * 0.55, 0.46), (-half * 0.05, 0.46)),
        patches={
            0: (
                (0.0, 0.0, 1.0, 1.0, 'dark'),
                (0.02, 0.2, 0.16, 0.9, 'tail'),
                (0.84, 0.2, 0.98, 0.9, 'tail'),
                (0.4, 0.2, 0.6, 0.9, 'plate'),
            ),
            1: ((0.49, 0.03, 0.51, 0.97, 'trim'), (0.04, 0.02, 0.96, 0.05, 'trim')),
        },
    )
    parts = (
        (cab, join + 1.0, cab_paint, second),
        (load, -end + half, load_paint, second),
    )
    return Vehicle(TRUCK, parts, length, 2.45, max(bed_tall, cab_tall))


def _tram(rng: Random) -> Vehicle:
    cars = rng.choice((2, 3, 3))
    long, roof = rng.uniform(8.0, 10.0), 3.4
    paint = rng.choice(
        ((225, 225, 225), (50, 60, 200), (60, 180, 235), (90, 130, 50), (160, 110, 60))
    )
    second = rng.choice(((50, 40, 190), (60, 60, 60), (170, 120, 40), (40, 190, 240)))
    end = long / 2
    nose = (
        ((0.06, 0.05, 0.94, 0.98, 'glass'),),
        ((0.05, 0.3, 0.2, 0.6, 'head'), (0.8, 0.3, 0.95, 0.6, 'head')),
    )
    body = Body(
        outline=(
            (-end, 0.3),
            (-end, 1.2),
            (-end + 0.15, roof - 0.4),
            (-end + 0.5, roof),
            (end - 0.5, roof),
            (end - 0.15, roof - 0.4),
            (end, 1.2),
            (end, 0.3),
        ),
        width=2.5,
        windows=_row(-end + 0.3, end - 0.2, 1.25, roof - 0.65, 5, 0.14)
        + _row(-end + 0.25 * long, end - 0.4 * long, 0.45, 2.5, 2, 0.1),
        stripes=(((-end, 0.35), (-end, 1.0), (end, 1.0), (end, 0.35)),),
        patches={
            0: ((0.0, 0.1, 1.0, 0.8, 'second'), (0.05, 0.3, 0.18, 0.6, 'tail'))
            + ((0.82, 0.3, 0.95, 0.6, 'tail'),),
            1: ((0.06, 0.05, 0.94, 0.95, 'glass'),),
            2: ((0.25, 0.1, 0.75, 0.6, 'board'),),
            4: ((0.25, 0.3, 0.75, 0.9, 'board'),),
            5: nose[0],
            6: ((0.0, 0.2, 1.0, 0.9, 'second'), *nose[1]),
        },
    )
    total = cars * long
    parts = tuple((body, -total / 2 + (i + 0.5) * long, paint, second) for i in range(cars))
    return Vehicle(TRAIN, parts, total, 2.5, roof)


_BUILDERS = {CAR: _car, BUS: _bus, TRUCK: _truck, TRAIN: _tram}


def build_vehicle(rng: Random, label: int) -> Vehicle:
    """A car, truck, bus or train (tram) of a shape and colors that ``rng`` picks."""
    return _BUILDERS[label](rng)


def draw_vehicle(stage: Stage, vehicle: Vehicle, pose: Pose) -> None:
    """Draw a vehicle, its further parts first."""
    placed = []
    for body, ahead, color, second in vehicle.parts:
        x, z = pose.at(ahead, 0.0)
        placed.append((z, Pose(x, z, pose.heading), body, color, second))
    placed.sort(key=lambda part: -part[0])
    for _, where, body, color, second in placed:
        draw_body(stage, body, where, color, second, vehicle.label)
