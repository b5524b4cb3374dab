"""A person in front of the camera: traced, lit, and ready to be laid over an image."""

from dataclasses import dataclass

import cv2
import numpy as np

from ...drawing.camera import Camera
from ...drawing.canvas import Canvas
from ...drawing.light import Light
from .bib import print_bib
from .cones import Surface, trace
from .person import Person
from .solids import build_solids

SHARPNESS = 900  # rows of a standing person up to which edges need supersampling
FINEST = 2.0  # at most so many samples per pixel in each direction


@dataclass
class Sprite:
    """A rendered person.

    Attributes:
        left: Column of the rectangle's first pixel.
        top: Row of the rectangle's first pixel.
        color: ``[h, w, 3]`` float32, blue-green-red, premultiplied by ``alpha``.
        alpha: ``[h, w]`` float32 share of each pixel that the person covers.
        depth: ``[h, w]`` float32 meters from the camera; infinite where nobody is.
    """

    left: int
    top: int
    color: np.ndarray
    alpha: np.ndarray
    depth: np.ndarray

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the image that the sprite covers."""
        rows, columns = self.alpha.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)

    def composite(self, canvas: Canvas, label: int) -> None:
        """Lay the sprite over a canvas, and label the pixels of which it covers more than half."""
        below = canvas.image[self.window]
        mixed = below * (1 - self.alpha)[..., None] + self.color
        below[:] = np.clip(mixed, 0, 255).astype(np.uint8)
        canvas.labels[self.window][self.alpha > 0.5] = label


def render_person(person: Person, camera: Camera, light: Light) -> Sprite | None:
    """Trace and light a person; None if the image shows no part of them."""
    cones = build_solids(person.skeleton, person.clothing, person.to_world)
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
    if person.clothing.bib:
        print_bib(color, surface, cones, person, places, scale * fine)

    there = (surface.cone >= 0).astype(np.float32)
    color *= there[..., None]
    size = width, height
    depth = np.where(there > 0, surface.depth / (scale * fine) + person.place[2], np.inf)
    return Sprite(
        left=left,
        top=top,
        color=cv2.resize(color, size, interpolation=cv2.INTER_AREA),
        alpha=cv2.resize(there, size, interpolation=cv2.INTER_AREA),
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
