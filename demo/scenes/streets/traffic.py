"""Traffic and parked vehicles on the road."""

from math import cos, pi, sin
from random import Random

import numpy as np

from ..drawing.canvas import Canvas
from ..drawing.classes import BICYCLE, BUS, CAR, MOTORCYCLE, TRAIN, TRUCK
from .placement import Placement, footprint
from .plan import LANE, Plan
from .two_wheelers import draw_bicycle, draw_motorcycle
from .vehicles.build import build_vehicle
from .vehicles.vehicle import Vehicle, draw_vehicle

_LABELS = (CAR, TRUCK, BUS, MOTORCYCLE, BICYCLE)


def _draw(canvas: Canvas, rng: Random, vehicle: Vehicle, placement: Placement) -> None:
    draw_vehicle(canvas, vehicle, placement)


def _draw_two_wheeler(
    canvas: Canvas, rng: Random, label: int, placement: Placement, ridden: bool
) -> None:
    (draw_bicycle if label == BICYCLE else draw_motorcycle)(canvas, rng, placement, ridden)


def add_vehicle(plan: Plan, rng: Random, vehicle: Vehicle, placement: Placement) -> None:
    """Add a vehicle to the plan."""
    # Sorted by its near end: what stands beside it is further out, and so behind it.
    reach = (
        abs(cos(placement.heading)) * vehicle.length + abs(sin(placement.heading)) * vehicle.width
    )
    base = footprint(placement, vehicle.length, vehicle.width)
    plan.add(placement.z - reach / 2, base, vehicle.height * 0.85, rng, _draw, vehicle, placement)


def add_two_wheeler(
    plan: Plan, rng: Random, label: int, placement: Placement, ridden: bool
) -> None:
    """Add a bicycle or a motorcycle to the plan, with its rider if ``ridden``."""
    base = footprint(placement, 1.7, 0.35)
    height = 1.6 if ridden else 0.9
    plan.add(placement.z, base, height, rng, _draw_two_wheeler, label, placement, ridden)


def add_traffic(plan: Plan, rng: Random, camera_lane: float) -> None:
    """Fill the lanes, the parking lanes and the tram track; the space close ahead stays free."""
    busy = rng.uniform(0.5, 1.6)
    tram = None
    if plan.tracks is not None and rng.random() < 0.85:
        tram = build_vehicle(rng, TRAIN)
        away = rng.random() < 0.4
        near = rng.uniform(9, 45) if not away or plan.median else rng.uniform(14, 40)
        placement = Placement(plan.tracks, near + tram.length / 2, 0.0 if away else pi)
        add_vehicle(plan, rng, tram, placement)
    for lane in plan.lanes:
        if tram is not None and plan.tracks == lane:
            continue
        _add_lane(plan, rng, lane, 12.0 if lane == camera_lane else 7.0, busy)
    for x in plan.parking:
        _add_parked(plan, rng, x)
    if plan.crossing is not None and rng.random() < 0.4:
        _add_crossing_vehicle(plan, rng, plan.crossing)
    for side, curb in ((-1, plan.left), (1, plan.right)):
        while rng.random() < 0.42:  # cyclists keep to the edge of the road
            x = curb - side * rng.uniform(0.5, 1.0)
            heading = (0.0 if side > 0 else pi) + rng.gauss(0, 0.12)
            if not any(abs(x - p) < 1.6 for p in plan.parking):
                placement = Placement(x, rng.uniform(7, 38), heading)
                add_two_wheeler(plan, rng, BICYCLE, placement, ridden=True)


def _add_lane(plan: Plan, rng: Random, lane: float, clear: float, busy: float) -> None:
    z = clear + rng.expovariate(busy / 9)
    while z < 95:
        label = rng.choices(_LABELS, (62, 9, 9, 12, 8))[0]
        heading = (0.0 if lane > 0 else pi) + rng.gauss(0, 0.03)
        x = lane + rng.gauss(0, 0.2)
        if label in (MOTORCYCLE, BICYCLE):
            x += rng.uniform(-0.8, 0.8)
            add_two_wheeler(plan, rng, label, Placement(x, z + 1, heading), ridden=True)
            z += 3
        else:
            vehicle = build_vehicle(rng, label)
            add_vehicle(plan, rng, vehicle, Placement(x, z + vehicle.length / 2, heading))
            z += vehicle.length
        z += rng.uniform(3, 8) + rng.expovariate(busy / 14)


def _add_parked(plan: Plan, rng: Random, x: float) -> None:
    z = rng.uniform(2, 8)
    full = rng.uniform(0.3, 0.85)
    heading = 0.0 if x > 0 else pi
    while z < 95:
        if rng.random() > full:
            z += rng.uniform(4, 9)
            continue
        label = rng.choices((CAR, TRUCK, MOTORCYCLE), (84, 7, 9))[0]
        if label == MOTORCYCLE:
            for _ in range(rng.randrange(1, 4)):
                turn = rng.choice((-1, 1)) * rng.uniform(0.9, 1.5)
                placement = Placement(x + rng.uniform(-0.2, 0.2), z + 0.6, heading + turn)
                if z > 5:
                    add_two_wheeler(plan, rng, MOTORCYCLE, placement, ridden=False)
                z += 1.4
            continue
        vehicle = build_vehicle(rng, label)
        if z > 4:
            placement = Placement(x + rng.gauss(0, 0.07), z + vehicle.length / 2, heading)
            add_vehicle(plan, rng, vehicle, placement)
        z += vehicle.length + rng.uniform(0.7, 2)


def _add_crossing_vehicle(plan: Plan, rng: Random, crossing: float) -> None:
    """Add a vehicle that crosses the street behind the crosswalk, seen from its side."""
    z = crossing + rng.uniform(7, 12)
    label = rng.choices((CAR, TRUCK, BUS, TRAIN), (50, 20, 18, 12))[0]
    vehicle = build_vehicle(rng, label)
    x = rng.uniform(plan.left, plan.right)
    heading = rng.choice((-1, 1)) * pi / 2 + rng.gauss(0, 0.1)
    if abs(x) + vehicle.length / 2 < abs(plan.walk[1][1]) + 8:
        taken = any(
            not t.shades_others
            and np.abs(t.base[:, 1] - z).min() < 3
            and np.abs(t.base[:, 0]).max() < LANE * 2
            for t in plan.objects
        )
        if not taken:
            add_vehicle(plan, rng, vehicle, Placement(x, z, heading))
