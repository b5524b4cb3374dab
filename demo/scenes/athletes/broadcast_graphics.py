"""Graphics that a television station lays over the image."""

from random import Random

import cv2

from ..drawing.canvas import Canvas
from ..drawing.classes import IGNORE
from ..drawing.light import Color

_GROUNDS: tuple[Color, ...] = ((60, 30, 20), (30, 30, 30), (130, 40, 20), (40, 30, 120))


def draw_broadcast_graphics(canvas: Canvas, rng: Random, name: str) -> None:
    """Draw a station's logo, a result, or a name, each now and then."""
    ground = rng.choice(_GROUNDS)
    if rng.random() < 0.35:  # logo in a corner
        left = rng.choice((0.03, 0.9))
        _box(canvas, left, 0.04, 0.065, 0.05, (230, 230, 230))
        _write(canvas, left + 0.006, 0.075, rng.choice(('TV 1', 'SPORT', 'LIVE')), ground)
    if rng.random() < 0.18:  # result
        left, top = rng.choice(((0.03, 0.84), (0.8, 0.84), (0.03, 0.12)))
        _box(canvas, left, top, 0.16, 0.05, ground)
        result = f'{rng.randrange(1, 19)}.{rng.randrange(100):02d}'
        _write(canvas, left + 0.01, top + 0.036, result, (245, 245, 245))
        _box(canvas, left + 0.1, top, 0.06, 0.05, (220, 220, 220))
        _write(canvas, left + 0.105, top + 0.036, f'{rng.gauss(0, 1):+.1f}', ground)
    if rng.random() < 0.1:  # name
        _box(canvas, 0.08, 0.86, 0.4, 0.07, ground)
        _write(canvas, 0.095, 0.907, name.upper(), (245, 245, 245))
        _box(canvas, 0.08, 0.86, 0.012, 0.07, (40, 190, 235))


def _box(
    canvas: Canvas, left: float, top: float, box_width: float, box_height: float, color: Color
) -> None:
    """A rectangle in shares of the image's width and height."""
    width, height = canvas.camera.width, canvas.camera.height
    first = int(left * width), int(top * height)
    last = int((left + box_width) * width), int((top + box_height) * height)
    cv2.rectangle(canvas.image, first, last, color, cv2.FILLED)
    cv2.rectangle(canvas.labels, first, last, IGNORE, cv2.FILLED)


def _write(canvas: Canvas, left: float, bottom: float, text: str, color: Color) -> None:
    width, height = canvas.camera.width, canvas.camera.height
    size = 0.95 * height / 1080
    thick = max(1, round(2 * height / 1080))
    at = int(left * width), int(bottom * height)
    cv2.putText(canvas.image, text, at, cv2.FONT_HERSHEY_DUPLEX, size, color, thick, cv2.LINE_AA)
