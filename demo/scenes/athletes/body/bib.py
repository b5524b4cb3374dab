"""The number on an athlete's shirt."""

import cv2
import numpy as np

from .builder import SHIRT
from .cones import Cone, Surface
from .person import Person


def print_bib(
    color: np.ndarray,
    surface: Surface,
    cones: list[Cone],
    person: Person,
    places: np.ndarray,
    scale: float,
) -> None:
    """Print the number on the front and on the back of the shirt.

    Args:
        color: ``[h, w, 3]`` float32 color of every pixel; changed in place.
        surface: The traced body.
        cones: The cones that were traced.
        person: Whose number it is.
        places: ``[n, 2, 3]`` column, row and distance of the cones' ends, in pixels.
        scale: Pixels per meter.
    """
    # One more than cones: -1 stands for pixels that show none.
    shirt = np.array([cone.name == SHIRT for cone in cones] + [False])
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
    number = _bib(person.clothing.bib)
    width, height = 0.066, 0.046  # half its size, as a share of the stature
    on = (np.abs(right) < width) & (np.abs(up + 0.005) < height) & (np.abs(ahead) > 0.02)
    rows, columns, right, up, ahead = (v[on] for v in (rows, columns, right, up, ahead))
    across = np.where(ahead > 0, -right, right) / width  # read from outside
    x = np.clip((across + 1) / 2 * number.shape[1], 0, number.shape[1] - 1).astype(int)
    y = np.clip((0.5 - (up + 0.005) / height / 2) * number.shape[0], 0, number.shape[0] - 1)
    ink = number[y.astype(int), x, None].astype(np.float32)
    paper = np.float32(person.clothing.bib_color)
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
