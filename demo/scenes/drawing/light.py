"""Light: time of day and weather, and how they change colors."""

from dataclasses import dataclass
from math import cos, exp, inf, pi, sin
from random import Random

Color = tuple[float, float, float]  # blue, green, red; 0 to 255, or gains about 1


def scale_color(color: Color, factor: float, limit: float = inf) -> Color:
    """Multiply all channels by ``factor``, up to ``limit``."""
    blue, green, red = color
    return min(limit, factor * blue), min(limit, factor * green), min(limit, factor * red)


@dataclass(frozen=True)
class Light:
    """The light in one scene.

    Attributes:
        sun: Unit vector (x, y, z) toward the sun.
        direct: Gain per color channel from the sun, for a face that looks straight at it.
        ambient: Gain per color channel from the sky.
        haze: Color of what is far away.
        haze_range: Distance in meters at which 63 % of a color is haze.
        zenith: Color of the sky overhead.
        clouds: Share of clouds, 0 to 1.
        lamps: Whether lamps and windows are lit.
    """

    sun: tuple[float, float, float]
    direct: Color
    ambient: Color
    haze: Color
    haze_range: float
    zenith: Color
    clouds: float
    lamps: bool

    def gain_on(self, normal: tuple[float, float, float], shaded: float = 0.0) -> Color:
        """Gain per channel on a face with this unit normal; ``shaded`` is 1 in full shadow."""
        facing = normal[0] * self.sun[0] + normal[1] * self.sun[1] + normal[2] * self.sun[2]
        facing = max(facing, 0.0) * (1.0 - shaded)
        # Faces that look down see the dark ground instead of the sky.
        open_sky = 0.86 + 0.14 * normal[1]
        # Written out per channel: this runs a thousand times per image.
        return (
            self.ambient[0] * open_sky + self.direct[0] * facing,
            self.ambient[1] * open_sky + self.direct[1] * facing,
            self.ambient[2] * open_sky + self.direct[2] * facing,
        )

    def tone(self, color: Color, gain: Color, z: float) -> Color:
        """The color of a surface at distance ``z`` meters, after light and haze."""
        clear = exp(-z / self.haze_range)
        haze = 1.0 - clear
        return (
            min(color[0] * gain[0], 255.0) * clear + self.haze[0] * haze,
            min(color[1] * gain[1], 255.0) * clear + self.haze[1] * haze,
            min(color[2] * gain[2], 255.0) * clear + self.haze[2] * haze,
        )


def sample_light(rng: Random) -> Light:
    """Sample a time of day and the weather."""
    kind = rng.choices(('clear', 'low sun', 'overcast', 'dusk'), (45, 20, 25, 10))[0]
    azimuth = rng.uniform(-pi, pi)
    height = {
        'clear': rng.uniform(0.55, 1.1),
        'low sun': rng.uniform(0.2, 0.45),
        'overcast': rng.uniform(0.6, 1.2),
        'dusk': rng.uniform(0.2, 0.4),
    }[kind]
    sun = (sin(azimuth) * cos(height), sin(height), cos(azimuth) * cos(height))
    haze_range = rng.uniform(150, 600) if rng.random() < 0.75 else rng.uniform(60, 150)

    level = rng.uniform(0.85, 1.1)
    if kind == 'clear':
        direct, ambient = (
            scale_color((0.62, 0.72, 0.78), level),
            scale_color((0.56, 0.5, 0.46), level),
        )
        haze, zenith, clouds = (232, 222, 208), (205, 140, 80), rng.uniform(0, 0.6)
    elif kind == 'low sun':
        direct, ambient = (
            scale_color((0.45, 0.72, 0.95), level),
            scale_color((0.5, 0.44, 0.4), level),
        )
        haze, zenith, clouds = (190, 212, 235), (190, 150, 110), rng.uniform(0.1, 0.7)
    elif kind == 'overcast':
        direct, ambient = scale_color((0.1, 0.1, 0.1), level), scale_color((0.8, 0.79, 0.77), level)
        haze, zenith, clouds = (222, 220, 216), (200, 194, 186), rng.uniform(0.6, 1)
    else:
        direct, ambient = (
            scale_color((0.1, 0.13, 0.18), level),
            scale_color((0.6, 0.53, 0.5), level),
        )
        haze, zenith, clouds = (150, 138, 140), (120, 86, 64), rng.uniform(0.2, 0.9)
    return Light(
        sun=sun,
        direct=direct,
        ambient=ambient,
        haze=haze,
        haze_range=haze_range,
        zenith=zenith,
        clouds=clouds,
        lamps=kind == 'dusk',
    )
