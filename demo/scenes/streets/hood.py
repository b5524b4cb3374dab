"""The hood of the car that carries the camera."""

from random import Random

import numpy as np

from ..drawing.canvas import Canvas
from ..drawing.classes import IGNORE
from ..drawing.light import scale_color


def draw_hood(canvas: Canvas, rng: Random) -> None:
    """Draw the hood at the bottom of the image, with the label that is ignored."""
    height, width = canvas.labels.shape
    hood_height = height * rng.uniform(0.04, 0.1)
    columns = np.linspace(-0.02, 1.02, 24)
    rows = height - hood_height * (1 - (2 * (columns - 0.5)) ** 4 * 0.6)
    top = np.stack((columns * width, rows), -1)
    outline = np.concatenate((top, [(width * 1.02, height + 2.0), (-0.02 * width, height + 2.0)]))
    gray = rng.uniform(0.15, 0.7)
    paint = scale_color(canvas.light.haze, gray)
    canvas.fill(outline, paint, IGNORE)
    gloss = np.concatenate((top + (0, 0.12 * hood_height), (top + (0, 0.3 * hood_height))[::-1]))
    canvas.fill(gloss, scale_color(paint, 1.25, limit=255.0))
