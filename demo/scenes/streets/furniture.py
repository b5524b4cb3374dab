"""Poles and what hangs on them: lamps, traffic lights, traffic signs; bollards and litter bins."""

from math import cos, pi, sin
from random import Random

from .classes import IGNORE, POLE, TRAFFIC_LIGHT, TRAFFIC_SIGN
from .light import Color
from .stage import Pixel, Stage

_FRONT = (0.0, 0.3, -0.95)
_METAL: tuple[Color, ...] = ((112, 112, 110), (84, 88, 84), (60, 66, 60), (150, 150, 148))


def _ring(x: float, y: float, z: float, radius: float, corners: int, turn: float) -> list:
    at = [turn + 2 * pi * i / corners for i in range(corners)]
    return [(x + radius * sin(a), y + radius * cos(a), z) for a in at]


def _box(x0: float, y0: float, x1: float, y1: float, z: float) -> list:
    return [(x0, y0, z), (x0, y1, z), (x1, y1, z), (x1, y0, z)]


def _seen(stage: Stage, points: list) -> list[Pixel]:
    return [stage.camera.spot(*point) for point in points]


def _pole(stage: Stage, rng: Random, x: float, z: float, tall: float, wide: float) -> Color:
    gain = stage.light.on(_FRONT, 0.6 * stage.shaded(x, z))
    tone = stage.light.tone(rng.choice(_METAL), gain, z)
    ends = stage.bar((x, 0.0, z), (x, tall, z), wide, tone, POLE)
    pixels = wide * stage.camera.scale(z)
    if pixels > 4:  # the sunny side of a round pole
        side = 0.25 if stage.light.sun[0] > 0 else -0.25
        bright = tuple(min(255.0, 1.35 * c) for c in tone)
        (foot_x, foot_y), (top_x, top_y) = ends
        shift = side * pixels
        stage.limb((foot_x + shift, foot_y), (top_x + shift, top_y), pixels * 0.2, bright)
    return tone


def draw_lamp(stage: Stage, rng: Random, x: float, z: float, side: int) -> None:
    """A street lamp; its arm reaches over the road, away from ``side``."""
    tall = rng.uniform(5.5, 8.5)
    tone = _pole(stage, rng, x, z, tall, rng.uniform(0.12, 0.18))
    reach = -side * rng.uniform(0.8, 2.0)
    stage.bar((x, tall - 0.05, z), (x + reach, tall + 0.3, z), 0.09, tone, POLE)
    lit = (190, 235, 255) if stage.light.lamps else tuple(min(255.0, 1.2 * c) for c in tone)
    stage.bar((x + reach * 0.8, tall + 0.25, z), (x + reach * 1.3, tall + 0.3, z), 0.2, lit, POLE)


def draw_utility_pole(stage: Stage, rng: Random, x: float, z: float) -> None:
    """A wooden or concrete mast with a cross-arm."""
    tall = rng.uniform(6.5, 9.5)
    color = rng.choice(((56, 70, 88), (120, 124, 126)))
    tone = stage.light.tone(color, stage.light.on(_FRONT, 0.6 * stage.shaded(x, z)), z)
    stage.bar((x, 0.0, z), (x, tall, z), rng.uniform(0.18, 0.26), tone, POLE)
    stage.bar((x - 0.9, tall - 0.6, z), (x + 0.9, tall - 0.6, z), 0.1, tone, POLE)


def draw_bollard(stage: Stage, x: float, z: float, color: Color) -> None:
    """A post a meter high that keeps cars off the sidewalk."""
    tone = stage.light.tone(color, stage.light.on(_FRONT), z)
    stage.bar((x, 0.0, z), (x, 0.95, z), 0.1, tone, POLE)


def draw_bin(stage: Stage, rng: Random, x: float, z: float) -> None:
    """A litter bin or a switch box. It belongs to none of the classes, so it is ignored."""
    wide, tall = rng.uniform(0.4, 0.9), rng.uniform(0.9, 1.4)
    color = rng.choice(((70, 90, 60), (90, 90, 90), (60, 120, 190), (130, 140, 140)))
    body = _box(x - wide / 2, 0.0, x + wide / 2, tall, z)
    stage.fill(_seen(stage, body), stage.light.tone(color, stage.light.on(_FRONT), z), IGNORE)
    lid = _seen(stage, _box(x - wide / 2, tall * 0.86, x + wide / 2, tall, z))
    dark = tuple(0.6 * c for c in color)
    stage.fill(lid, stage.light.tone(dark, stage.light.on(_FRONT), z))


def draw_sign(stage: Stage, rng: Random, x: float, y: float, z: float, kind: str) -> None:
    """The plate of a traffic sign whose middle is at (x, y, z).

    Args:
        kind: 'ban', 'warning', 'stop', 'blue', 'parking', 'yield' or 'board'.
    """
    gain = stage.light.on(_FRONT, 0.5 * stage.shaded(x, z))
    # Signs reflect: they stay brighter than what surrounds them.
    gain = tuple(0.6 * g + 0.35 for g in gain)

    def plate(outline, color: Color, label: int | None = None) -> None:
        stage.fill(_seen(stage, outline), stage.light.tone(color, gain, z), label)

    red, white, blue = (36, 30, 196), (236, 236, 236), (170, 82, 20)
    if kind == 'ban':
        plate(_ring(x, y, z, 0.36, 18, 0.0), red, TRAFFIC_SIGN)
        plate(_ring(x, y, z, 0.27, 18, 0.0), white)
        if rng.random() < 0.7:
            plate(_box(x - 0.14, y - 0.1, x - 0.03, y + 0.1, z), (30, 30, 30))
            plate(_box(x + 0.03, y - 0.1, x + 0.14, y + 0.1, z), (30, 30, 30))
    elif kind == 'stop':
        plate(_ring(x, y, z, 0.4, 8, pi / 8), red, TRAFFIC_SIGN)
        plate(_box(x - 0.26, y - 0.09, x + 0.26, y + 0.09, z), white)
    elif kind in ('warning', 'yield'):
        turn = 0.0 if kind == 'warning' else pi
        plate(_ring(x, y, z, 0.48, 3, turn), red, TRAFFIC_SIGN)
        plate(_ring(x, y, z, 0.3, 3, turn), white)
        if kind == 'warning':
            plate(_box(x - 0.03, y - 0.1, x + 0.03, y + 0.14, z), (30, 30, 30))
    elif kind == 'blue':
        plate(_ring(x, y, z, 0.34, 18, 0.0), blue, TRAFFIC_SIGN)
        plate(_box(x - 0.05, y - 0.2, x + 0.05, y + 0.12, z), white)
        plate(_ring(x, y + 0.12, z, 0.14, 3, 0.0), white)
    elif kind == 'parking':
        plate(_box(x - 0.3, y - 0.3, x + 0.3, y + 0.3, z), blue, TRAFFIC_SIGN)
        plate(_box(x - 0.14, y - 0.2, x - 0.05, y + 0.2, z), white)
        plate(_box(x - 0.05, y, x + 0.14, y + 0.2, z), white)
    else:
        color = rng.choice((blue, (60, 140, 40), (40, 200, 240), white))
        wide, tall = rng.uniform(0.5, 1.1), rng.uniform(0.2, 0.45)
        text = (40, 40, 40) if color[2] > 200 else white
        plate(_box(x - wide, y - tall, x + wide, y + tall, z), color, TRAFFIC_SIGN)
        rows = 2 if tall > 0.33 else 1
        for row in range(rows):
            mid = y + (0.0 if rows == 1 else (0.4 - 0.8 * row) * tall)
            end = x + wide * rng.uniform(0.1, 0.8)
            plate(_box(x - 0.8 * wide, mid - 0.08, end, mid + 0.08, z), text)


def draw_sign_post(stage: Stage, rng: Random, x: float, z: float) -> None:
    """A thin post with one to three signs."""
    tall = rng.uniform(2.4, 3.4)
    _pole(stage, rng, x, z, tall, 0.075)
    kinds = ('ban', 'ban', 'warning', 'stop', 'blue', 'blue', 'parking', 'yield', 'board')
    y = tall - 0.35
    for _ in range(rng.choice((1, 1, 2, 3))):
        kind = rng.choice(kinds)
        draw_sign(stage, rng, x, y, z - 0.02, kind)
        y -= 0.85 if kind != 'board' else 1.1
        if y < 1.4:
            break


def _draw_heads(stage: Stage, rng: Random, x: float, y: float, z: float, lit: int) -> None:
    """One housing with three lamps, the middle of which is at (x, y, z)."""
    gain = stage.light.on(_FRONT)
    tone = stage.light.tone((34, 38, 34), gain, z)
    if rng.random() < 0.3:  # the plate behind it, that sets it off against the sky
        board = _box(x - 0.28, y - 0.62, x + 0.28, y + 0.62, z)
        stage.fill(_seen(stage, board), stage.light.tone((20, 20, 20), gain, z), TRAFFIC_LIGHT)
    housing = _box(x - 0.17, y - 0.48, x + 0.17, y + 0.48, z)
    stage.fill(_seen(stage, housing), tone, TRAFFIC_LIGHT)
    bright = ((70, 60, 255), (60, 190, 255), (150, 255, 90))
    dull = ((24, 24, 60), (20, 50, 64), (36, 54, 26))
    for lamp in range(3):
        on = lamp == lit
        color = bright[lamp] if on else stage.light.tone(dull[lamp], gain, z)
        stage.fill(_seen(stage, _ring(x, y + 0.3 - 0.3 * lamp, z, 0.12, 10, 0.0)), color)


def draw_traffic_light(
    stage: Stage, rng: Random, x: float, z: float, side: int, lit: int, reach: float
) -> None:
    """A traffic light on a post.

    Args:
        side: +1 to the right of the road, -1 to the left.
        lit: Which lamp is lit, 0 (red) to 2 (green).
        reach: Meters that an arm carries a second head over the road; 0 for no arm.
    """
    tall = 5.6 if reach else 3.3
    tone = _pole(stage, rng, x, z, tall, 0.16 if reach else 0.12)
    if reach:
        over = x - side * reach
        stage.bar((x, tall - 0.1, z), (over, tall - 0.02, z), 0.11, tone, POLE)
        _draw_heads(stage, rng, over, tall - 0.3, z - 0.05, lit)
    _draw_heads(stage, rng, x, 2.75, z - 0.05, lit)
