"""Vehicles by class."""

from random import Random

from ...drawing.classes import BUS, CAR, TRAIN, TRUCK
from .bus import build_bus
from .car import build_car
from .tram import build_tram
from .truck import build_truck
from .vehicle import Vehicle

_BUILDERS = {CAR: build_car, BUS: build_bus, TRUCK: build_truck, TRAIN: build_tram}


def build_vehicle(rng: Random, label: int) -> Vehicle:
    """Sample a car, truck, bus or train (tram), by its train id."""
    return _BUILDERS[label](rng)
