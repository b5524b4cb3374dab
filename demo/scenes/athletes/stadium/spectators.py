"""Rows of spectators: a texture that all stands are cut from."""

from functools import cache, lru_cache
from random import Random

import cv2
import numpy as np

from ...drawing.light import Color, scale_color
from ..body.colors import BRIGHT, DULL, HAIR, SKIN

PIXELS_PER_METER = 56  # in the texture
ROW, SEAT = 26, 29  # pixels from row to row, and from seat to seat: 0.46 and 0.52 meters
ROWS, SEATS = 26, 96
AISLE = 24  # seats between two stairs


@cache
def all_spectators() -> tuple[np.ndarray, np.ndarray]:
    """A spectator on every seat, and the occupancy from which on that seat is taken.

    Returns:
        ``[ROWS * ROW, SEATS * SEAT, 3]`` uint8, and the same without channels, 255 where nobody
        sits. Both repeat themselves to all sides.
    """
    rng = Random('crowd')
    image = np.zeros((ROWS * ROW, SEATS * SEAT, 3), np.uint8)
    comes = np.full(image.shape[:2], 255, np.uint8)
    for row in range(ROWS):  # from the top, so that those in front hide those behind
        for seat in range(SEATS):
            if seat % AISLE:
                _draw_spectator(rng, image, comes, row, seat)
    return image, comes


def _draw_spectator(rng: Random, image: np.ndarray, comes: np.ndarray, row: int, seat: int) -> None:
    share = rng.randrange(254)
    x = int((seat + 0.5) * SEAT + rng.gauss(0, 2))
    y = int((row + 0.62) * ROW + rng.gauss(0, 2))
    skin, hair = rng.choice(SKIN), rng.choice(HAIR + ((150, 150, 150),))
    cloth = rng.choice(BRIGHT + DULL + DULL)
    shade = rng.uniform(0.6, 1.0)
    arms = rng.random()

    def tone(color: Color) -> Color:
        return scale_color(color, shade)

    for canvas, paint in ((image, tone), (comes, lambda _: share)):
        cv2.ellipse(canvas, (x, y + 12), (10, 12), 0, 0, 360, paint(cloth), cv2.FILLED)
        cv2.ellipse(canvas, (x, y - 4), (5, 7), 0, 0, 360, paint(skin), cv2.FILLED)
        cv2.ellipse(canvas, (x, y - 7), (6, 5), 0, 180, 360, paint(hair), cv2.FILLED)
        if arms < 0.12:
            for side in (-1, 1):
                shoulder, hand = (x + 8 * side, y + 6), (x + 11 * side, y - 10)
                cv2.line(canvas, shoulder, hand, paint(cloth if arms < 0.06 else skin), 4)


@lru_cache(maxsize=2)
def stand_texture(full: float, seats: Color) -> np.ndarray:
    """The texture of a stand, ``[rows, columns, 3]`` uint8; not to be changed.

    Args:
        full: Share of the seats that are taken.
        seats: Color of empty seats.
    """
    image, comes = all_spectators()
    empty = np.zeros_like(image)
    for row in range(ROWS):
        top = row * ROW
        cv2.rectangle(empty, (0, top), (empty.shape[1], top + ROW), (70, 72, 74), cv2.FILLED)
        for seat in range(SEATS):
            left = seat * SEAT
            if seat % AISLE:
                box = (left + 3, top + 8), (left + SEAT - 4, top + ROW - 4)
                cv2.rectangle(empty, *box, scale_color(seats, 0.8), cv2.FILLED)
            else:
                step = (left, top + 6), (left + SEAT, top + ROW // 2)
                cv2.rectangle(empty, *step, (150, 152, 154), cv2.FILLED)
    return np.where((comes < 255 * full)[..., None], image, empty)
