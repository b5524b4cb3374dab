"""The hood of the car that carries the camera."""

from random import Random

import numpy as np

from ..drawing.canvas import Canvas
from ..drawing.classes import IGNORE


def draw_hood(canvas: Canvas, rng: Random) -> None:
    """The hood of the car that carries the camera, at the bottom of the image; ignored."""
    height, width = canvas.labels.shape
    tall = height * rng.uniform(0.04, 0.1)
    columns = np.linspace(-0.02, 1.02, 24)
    rows = height - tall * (1 - (2 * (columns - 0.5)) ** 4 * 0.6)
    top = np.stack((columns * width, rows), -1)
    outline = np.concatenate((top, [(width * 1.02, height + 2.0), (-0.02 * width, height + 2.0)]))
    gray = rng.uniform(0.15, 0.7)
    paint = tuple(gray * c for c in canvas.light.haze)
    canvas.fill(outline, paint, IGNORE)
    gloss = np.concatenate((top + (0, 0.12 * tall), (top + (0, 0.3 * tall))[::-1]))
    canvas.fill(gloss, tuple(min(255.0, 1.25 * c) for c in paint))
