"""A person before the camera: traced, lit, and ready to be laid over a picture."""

from dataclasses import dataclass
from math import cos, radians, sin

import cv2
import numpy as np

from ..streets.camera import Camera
from ..streets.light import Light
from .flesh import flesh_out
from .outfit import Outfit
from .skeleton import Skeleton
from .solids import Cone, Surface, trace
from .tailor import SHIRT

SHARPNESS = 900  # rows of a standing person up to which it is traced more finely, for its edges
FINEST = 2.0


@dataclass(frozen=True)
class Person:
    """Somebody in the stadium.

    Attributes:
        skeleton: The posture.
        outfit: The clothes.
        place: Where the middle of the hips is: meters to the right, up, and away ``[3]``.
        heading: Where the hips face, in degrees: 0 away from the camera, 90 to the right.
    """

    skeleton: Skeleton
    outfit: Outfit
    place: np.ndarray
    heading: float

    def to_world(self, point: np.ndarray) -> np.ndarray:
        """From meters about the hips (ahead, up, right) to meters (right, up, away)."""
        s, c = sin(radians(self.heading)), cos(radians(self.heading))
        ahead, up, right = point
        return self.place + (ahead * s + right * c, up, ahead * c - right * s)

    def direction(self, frame: str, axis: int) -> np.ndarray:
        """An axis (0 ahead, 1 up, 2 right) of one of the skeleton's frames, in the world."""
        return self.to_world(self.skeleton.frames[frame][:, axis]) - self.place


@dataclass
class Figure:
    """A person as it shows in the picture.

    Attributes:
        left: Column of the rectangle's first pixel.
        top: Row of the rectangle's first pixel.
        color: ``[h, w, 3]`` float32, blue-green-red, multiplied with ``cover``.
        cover: ``[h, w]`` float32 share of a pixel that the person covers.
        depth: ``[h, w]`` float32 meters from the camera; infinite where nobody is.
    """

    left: int
    top: int
    color: np.ndarray
    cover: np.ndarray
    depth: np.ndarray


def draw_figure(person: Person, camera: Camera, light: Light) -> Figure | None:
    """Trace and light a person; None if nothing of it is in the picture."""
    cones = flesh_out(person.skeleton, person.outfit, person.to_world)
    ends = np.array([(cone.start, cone.end) for cone in cones])
    radii = np.array([(cone.start_radius, cone.end_radius) for cone in cones])
    scale = camera.scale(float(person.place[2]))
    pixels, reach = camera.project(ends), radii * camera.focal / ends[..., 2]
    low = np.floor((pixels - reach[..., None]).min((0, 1))).astype(int) - 1
    high = np.ceil((pixels + reach[..., None]).max((0, 1))).astype(int) + 2
    left, top = max(low[0], 0), max(low[1], 0)
    width, height = min(high[0], camera.width) - left, min(high[1], camera.height) - top
    if width <= 0 or height <= 0:
        return None

    fine = min(max(SHARPNESS / (person.skeleton.body.stature * scale), 1.0), FINEST)
    shape = round(height * fine), round(width * fine)
    stretch = np.array((shape[1] / width, shape[0] / height))
    places = np.empty((len(cones), 2, 3))
    places[..., :2] = (pixels + 0.5 - (left, top)) * stretch - 0.5
    places[..., 2] = (ends[..., 2] - person.place[2]) * scale * fine
    surface = trace(cones, places, reach * fine, shape)
    color = _light_up(surface, light, float(person.place[2]))
    if person.outfit.bib:
        _pin_bib(color, surface, cones, person, places, scale * fine)

    there = (surface.cone >= 0).astype(np.float32)
    color *= there[..., None]
    size = width, height
    depth = np.where(there > 0, surface.depth / (scale * fine) + person.place[2], np.inf)
    return Figure(
        left=left,
        top=top,
        color=cv2.resize(color, size, interpolation=cv2.INTER_AREA),
        cover=cv2.resize(there, size, interpolation=cv2.INTER_AREA),
        depth=cv2.resize(depth.astype(np.float32), size, interpolation=cv2.INTER_NEAREST),
    )


def _light_up(surface: Surface, light: Light, z: float) -> np.ndarray:
    """The color of every pixel, ``[h, w, 3]`` float32."""
    normal = surface.normal
    sun = np.maximum(sum(np.float32(s) * n for s, n in zip(light.sun, normal, strict=True)), 0)
    sky = np.float32(0.72) + np.float32(0.22) * normal[1]
    # Faces that are seen at a slant are darker: folds, and the shade that limbs give each other.
    sky *= np.float32(0.72) - np.float32(0.28) * normal[2]
    palette = np.array([light.tone(c, (1.0, 1.0, 1.0), z) for c in surface.colors], np.float32)
    color = palette[surface.paint]
    for channel in range(3):
        gain = np.float32(light.ambient[channel]) * sky
        gain += np.float32(light.direct[channel]) * sun
        color[..., channel] *= np.float32(1.12) * gain
    return np.minimum(color, 255, out=color)


def _pin_bib(
    color: np.ndarray,
    surface: Surface,
    cones: list[Cone],
    person: Person,
    places: np.ndarray,
    scale: float,
) -> None:
    """Print the number on what of the shirt faces to the front and to the back."""
    shirt = np.array([cone.name == SHIRT for cone in cones] + [False])  # the last for nothing
    rows, columns = np.nonzero(shirt[surface.cone])
    if not len(rows):
        return
    # The middle of the shirt's cones is the origin, which the same projection has moved.
    origin = places[shirt[:-1]].mean((0, 1))
    points = np.stack((columns, rows, surface.depth[rows, columns]), -1) - origin
    points *= (1 / scale, -1 / scale, 1 / scale)  # meters to the right, up, away
    size = person.skeleton.body.stature
    right = points @ person.direction('chest', 2) / size
    up = points @ person.direction('chest', 1) / size
    ahead = points @ person.direction('chest', 0) / size
    number = _bib(person.outfit.bib)
    wide, tall = 0.066, 0.046  # half its size, as a share of the stature
    on = (np.abs(right) < wide) & (np.abs(up + 0.005) < tall) & (np.abs(ahead) > 0.02)
    rows, columns, right, up, ahead = (v[on] for v in (rows, columns, right, up, ahead))
    across = np.where(ahead > 0, -right, right) / wide  # read from outside
    x = np.clip((across + 1) / 2 * number.shape[1], 0, number.shape[1] - 1).astype(int)
    y = np.clip((0.5 - (up + 0.005) / tall / 2) * number.shape[0], 0, number.shape[0] - 1)
    ink = number[y.astype(int), x, None].astype(np.float32)
    paper = np.float32(person.outfit.bib_color)
    was = np.float32(surface.colors)[surface.paint[rows, columns]]
    brightness = color[rows, columns] / np.maximum(was, 1)
    color[rows, columns] = np.minimum(brightness * (paper * (1 - ink) + 30 * ink), 255)


def _bib(number: str) -> np.ndarray:
    """A number in black on white, ``[60, 90]`` float32, 1 where ink is."""
    image = np.zeros((60, 90), np.uint8)
    scale = 1.35 if len(number) < 4 else 1.1
    (width, height), _ = cv2.getTextSize(number, cv2.FONT_HERSHEY_SIMPLEX, scale, 5)
    at = (90 - width) // 2, 36 + height // 2
    cv2.putText(image, number, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 5, cv2.LINE_AA)
    image[4:12] = 180
    return image.astype(np.float32) / 255
