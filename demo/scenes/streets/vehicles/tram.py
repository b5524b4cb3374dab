"""Trams."""

from random import Random

from ...drawing.classes import TRAIN
from .body import Body
from .vehicle import Vehicle, window_row


def build_tram(rng: Random) -> Vehicle:
    """Sample a tram of two or three cars."""
    cars = rng.choice((2, 3, 3))
    length, roof = rng.uniform(8.0, 10.0), 3.4
    paint = rng.choice(
        ((225, 225, 225), (50, 60, 200), (60, 180, 235), (90, 130, 50), (160, 110, 60))
    )
    second = rng.choice(((50, 40, 190), (60, 60, 60), (170, 120, 40), (40, 190, 240)))
    end = length / 2
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
        windows=window_row(-end + 0.3, end - 0.2, 1.25, roof - 0.65, 5, 0.14)
        + window_row(-end + 0.25 * length, end - 0.4 * length, 0.45, 2.5, 2, 0.1),
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
    total = cars * length
    parts = tuple((body, -total / 2 + (i + 0.5) * length, paint, second) for i in range(cars))
    return Vehicle(TRAIN, parts, total, 2.5, roof)
