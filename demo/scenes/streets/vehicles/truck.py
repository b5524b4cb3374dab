"""Trucks."""

from random import Random

from ...drawing.classes import TRUCK
from .body import Body
from .vehicle import PANE, Vehicle


def build_truck(rng: Random) -> Vehicle:
    """Sample a truck with a box or an open bed."""
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
            3: PANE,
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
