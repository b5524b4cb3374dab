"""Buses."""

from random import Random

from ...drawing.classes import BUS
from .body import Body
from .vehicle import Vehicle, window_row


def build_bus(rng: Random) -> Vehicle:
    """Sample a bus."""
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
        windows=window_row(-end + 0.4, end - 0.5, 1.3, roof - 0.55, 6, 0.12)
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
