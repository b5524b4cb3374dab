"""Stands with spectators, and the advertising boards in front of them."""

from random import Random

import cv2
import numpy as np

from ...drawing.canvas import Canvas
from ...drawing.classes import BUILDING, WALL
from ...drawing.light import Color
from ...drawing.sky import draw_sky, draw_skyline
from . import spectators
from .stadium import Stadium

WALL_HEIGHT = 1.1  # meters
TALL = 11.5  # meters of stand over its wall
WORDS = ('AURORA', 'VOLT', 'SPRINT', 'ATLAS', 'NORDWIND', 'CITY GAMES', 'KILO', 'PULSE', 'ZENIT')
BOARDS: tuple[tuple[Color, Color], ...] = (
    ((160, 60, 20), (245, 245, 245)),
    ((30, 30, 190), (245, 245, 245)),
    ((240, 240, 240), (120, 40, 20)),
    ((40, 40, 40), (60, 220, 250)),
    ((60, 200, 240), (30, 30, 30)),
    ((70, 140, 40), (245, 245, 245)),
    ((240, 240, 240), (40, 40, 180)),
)


def has_stands(stadium: Stadium) -> bool:
    """Whether there are stands at all."""
    return stadium.full >= 0.1


def draw_sky_and_skyline(canvas: Canvas, rng: Random, stadium: Stadium, z: float) -> None:
    """Draw sky and skyline where a stand ``z`` meters away does not hide them."""
    own_rng = Random(rng.getrandbits(32))
    top = canvas.camera.project_point(0.0, WALL_HEIGHT + TALL, z)[1]
    if not has_stands(stadium) or top > 0:
        draw_sky(canvas, own_rng)
        draw_skyline(canvas, own_rng)


def draw_stands(canvas: Canvas, rng: Random, stadium: Stadium, z: float) -> None:
    """Draw stands and boards ``z`` meters away, over the whole width of the image."""
    camera, light = canvas.camera, canvas.light
    own_rng = Random(rng.getrandbits(32))
    wall = WALL_HEIGHT
    top = camera.project_point(0.0, wall + TALL, z)[1]
    if has_stands(stadium):
        _draw_stand(canvas, own_rng, stadium, z, wall, top)
    bottom, lip = camera.project_point(0.0, 0.0, z)[1], camera.project_point(0.0, wall, z)[1]
    if has_stands(stadium) or stadium.boards:
        gray = light.tone((120, 122, 124), light.gain_on((0.0, 0.0, -1.0)), z)
        _band(canvas, lip, bottom, gray, WALL)
    if stadium.boards:
        _draw_boards(canvas, own_rng, z, wall)


def _band(canvas: Canvas, top: float, bottom: float, color: Color, label: int) -> None:
    width = canvas.camera.width
    canvas.fill(((-2, top), (width + 2, top), (width + 2, bottom), (-2, bottom)), color, label)


def _draw_stand(
    canvas: Canvas, rng: Random, stadium: Stadium, z: float, wall: float, top: float
) -> None:
    camera, light = canvas.camera, canvas.light
    bottom = camera.project_point(0.0, wall, z)[1]
    first, last = max(int(top), 0), min(int(np.ceil(bottom)) + 1, camera.height)
    if first >= last:
        return
    texture = spectators.stand_texture(round(stadium.full, 2), stadium.seats)
    # From pixels of the image to pixels of the texture, which repeats itself.
    scale = spectators.PIXELS_PER_METER / camera.scale(z)
    slope = rng.uniform(-0.03, 0.03)
    start = rng.uniform(0, texture.shape[1])
    to_texture = np.float64(
        (
            (scale, 0.0, start),
            (slope * scale, scale, (first - bottom) * scale + texture.shape[0]),
        )
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = camera.width, last - first
    rows = cv2.warpAffine(texture, to_texture, size, flags=flags, borderMode=cv2.BORDER_WRAP)
    gain = light.gain_on((0.0, 0.3, -0.7), shaded=rng.choice((0.0, 0.8, 0.8)))
    one = np.arange(256, dtype=np.float32)
    curve = [one * g * np.exp(-z / light.haze_range) for g in gain]
    haze = 1 - np.exp(-z / light.haze_range)
    curve = [c + haze * h for c, h in zip(curve, light.haze, strict=True)]
    curve = np.clip(np.stack(curve, -1), 0, 255).astype(np.uint8)[None]
    canvas.image[first:last] = cv2.LUT(rows, curve)
    canvas.labels[first:last] = BUILDING
    if top > 0:  # the roof's edge
        roof = light.tone((150, 150, 148), light.gain_on((0.0, 0.0, -1.0)), z)
        _band(canvas, top - 1.2 * camera.scale(z), top, roof, BUILDING)


def _draw_boards(canvas: Canvas, rng: Random, z: float, wall: float) -> None:
    camera, light = canvas.camera, canvas.light
    scale = camera.scale(z)
    height = min(wall, rng.uniform(0.75, 1.0))
    x = (-camera.center) / scale - rng.uniform(0, 6)
    end = (camera.width - camera.center) / scale
    while x < end:
        width = rng.uniform(3.5, 7)
        (ground, ink), word = rng.choice(BOARDS), rng.choice(WORDS)
        gain = light.gain_on((0.0, 0.0, -1.0))
        left, top = camera.project_point(x, height, z)
        right, bottom = camera.project_point(x + width - 0.05, 0.02, z)
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        canvas.fill(corners, light.tone(ground, gain, z), WALL)
        letters = 0.5 * (bottom - top) / 22  # OpenCV's letters are 22 pixels high at scale 1
        if letters > 0.15:
            thick = max(1, round(letters * 3.5))
            (length, _), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, letters, thick)
            at = int((left + right - length) / 2), int(bottom - 0.25 * (bottom - top))
            tone = light.tone(ink, gain, z)
            cv2.putText(
                canvas.image, word, at, cv2.FONT_HERSHEY_SIMPLEX, letters, tone, thick, cv2.LINE_AA
            )
        x += width
