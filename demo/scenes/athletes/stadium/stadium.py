"""The stadium of one event: its colors, its spectators, and its light."""

from dataclasses import dataclass, replace
from random import Random

from ...drawing.light import Color, Light, sample_light

_TRACKS: tuple[Color, ...] = (
    (62, 76, 168),
    (50, 62, 150),
    (70, 90, 178),
    (150, 96, 52),
    (160, 110, 70),
    (120, 70, 110),
    (112, 112, 112),
)

_SEATS: tuple[Color, ...] = (
    (150, 90, 50),
    (60, 60, 160),
    (60, 140, 190),
    (90, 130, 60),
    (150, 150, 150),
    (200, 200, 200),
)


@dataclass(frozen=True)
class Stadium:
    """What all frames of an event share.

    Attributes:
        light: Time of day and weather.
        track: Color of the track.
        grass: Color of the grass.
        sand: Color of the sand in the pit.
        seats: Color of empty seats.
        full: Share of the seats that are taken; below 0.1 there are no stands at all.
        distance: Meters from the athlete to the boards in front of the stands.
        accent: Color of bars, mats and hurdles.
        boards: Whether there are advertising boards in front of the stands.
    """

    light: Light
    track: Color
    grass: Color
    sand: Color
    seats: Color
    full: float
    distance: float
    accent: Color
    boards: bool


def sample_stadium(rng: Random) -> Stadium:
    """Sample a stadium."""
    light = sample_light(rng)
    if light.lamps:  # floodlights take over from the evening's light
        light = replace(light, direct=(0.42, 0.42, 0.42), ambient=(0.62, 0.6, 0.58))
    green = rng.uniform(0.8, 1.25)
    sand = rng.uniform(0.85, 1.1)
    return Stadium(
        # Across a stadium there is less haze than along a street.
        light=replace(light, haze_range=max(4 * light.haze_range, 600)),
        track=rng.choice(_TRACKS),
        grass=(60 * green, 118 * green, 78 * green),
        sand=(140 * sand, 178 * sand, 204 * sand),
        seats=rng.choice(_SEATS),
        full=rng.choice((0.0, rng.uniform(0.2, 0.7), rng.uniform(0.7, 0.97))),
        distance=rng.uniform(9, 42),
        accent=rng.choice(((40, 40, 200), (180, 90, 30), (40, 190, 235), (90, 160, 40))),
        boards=rng.random() < 0.85,
    )
