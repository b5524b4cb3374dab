"""Facades: windows, doors, shops, trims."""

from random import Random

import numpy as np

from ..drawing.canvas import Canvas
from ..drawing.classes import BUILDING
from ..drawing.light import Color, scale_color
from .planes import Layers, Plane

_WHITES: tuple[Color, ...] = ((225, 228, 230), (170, 180, 190), (205, 215, 222))
_BOARDS: tuple[Color, ...] = (
    (40, 40, 160),
    (150, 80, 40),
    (60, 120, 60),
    (40, 40, 40),
    (60, 180, 220),
    (200, 200, 200),
)

_SHUTTERS: tuple[Color, ...] = ((70, 100, 60), (60, 60, 110), (110, 90, 60))
_PANES: tuple[Color, ...] = ((70, 62, 54), (46, 42, 40), (150, 140, 126), (110, 104, 96))
_LIT_PANE: Color = (120, 190, 240)
_BOUNDS = {  # share of a bay's width, and where a window starts and ends within its floor_height
    'plain': (0.42, 0.3, 0.8),
    'tall': (0.36, 0.14, 0.84),
    'bands': (0.9, 0.32, 0.82),
    'shutters': (0.34, 0.3, 0.8),
}


def draw_facade(canvas: Canvas, rng: Random, plane: Plane, wall: Color, openings: bool) -> None:
    """Draw one wall of a house, with windows and doors if ``openings``; ``wall`` is its color."""
    light = canvas.light
    lit = light.gain_on(plane.normal)

    def tone(color: Color, by: float = 1.0) -> Color:
        b, g, r = color
        return light.tone((b * by, g * by, r * by), lit, plane.middle)

    whole = np.array(((0.0, 0.0, plane.length, plane.height),))
    outline = canvas.camera.project(plane.boxes(whole)[0])
    left, right = outline[:, 0].min(), outline[:, 0].max()
    width = canvas.camera.width
    if right < 0 or left > width:
        return
    canvas.fill(outline, tone(wall), BUILDING)
    if right - left < 0.01 * width:  # too far or too slanted to show its windows
        return
    layers = Layers(canvas, plane)
    layers.add(tone(wall, 0.6), 0, 0, plane.length, 0.6)  # plinth
    if openings:
        _add_openings(layers, rng, wall, tone)
    layers.paint()


def _add_openings(layers: Layers, rng: Random, wall: Color, tone) -> None:
    plane, light = layers.plane, layers.canvas.light
    floors = max(1, round(plane.height / rng.uniform(2.9, 3.6)))
    floor_height = plane.height / floors
    bays = max(1, int(plane.length / rng.uniform(2.0, 3.6)))
    bay = plane.length / bays
    shop = floors > 1 and rng.random() < 0.45
    style = rng.choice(('plain', 'plain', 'tall', 'bands', 'shutters'))
    trim = tone(rng.choice((*_WHITES, scale_color(wall, 0.8))))
    door = rng.randrange(bays)

    share, low, high = _BOUNDS[style]
    spots = [
        ((c + (1 - share) / 2) * bay, (s + low) * floor_height)
        for s in range(1 if shop else 0, floors)
        for c in range(bays)
        if s or c != door
    ]
    if style in ('bands', 'tall'):
        floors = np.arange(1, floors) * floor_height
        layers.add(trim, 0, floors - 0.12, plane.length, floors + 0.1)
    if spots:
        u0, v0 = np.array(spots).T
        u1, v1 = u0 + share * bay, v0 + (high - low) * floor_height
        if style == 'shutters':
            layers.add(tone(rng.choice(_SHUTTERS)), u0 - 0.5, v0, u1 + 0.5, v1)
        if plane.middle < 75:
            layers.add(trim, u0 - 0.1, v0 - 0.12, u1 + 0.1, v1 + 0.08)
        pane_of = np.array([rng.randrange(4) for _ in spots])
        for i, pane in enumerate(_PANES):
            color = _LIT_PANE if light.lamps and i == 2 else tone(pane, 0.9)
            one = pane_of == i
            if one.any():
                layers.add(color, u0[one], v0[one], u1[one], v1[one])
        if plane.middle < 45 and style != 'bands':
            layers.add(trim, (u0 + u1) / 2 - 0.03, v0, (u0 + u1) / 2 + 0.03, v1)
        if style == 'tall' and rng.random() < 0.6:
            rail = tone((40, 40, 42))
            layers.add(rail, u0 - 0.2, v0, u1 + 0.2, v0 + 0.07)
            layers.add(rail, u0 - 0.2, v0 + 0.9, u1 + 0.2, v0 + 0.97)
    if shop:
        _add_shops(layers, rng, floor_height, tone)
    else:
        at = (door + 0.5) * bay
        layers.add(trim, at - 0.75, 0, at + 0.75, min(2.6, floor_height * 0.9))
        layers.add(tone((50, 60, 84)), at - 0.6, 0, at + 0.6, min(2.45, floor_height * 0.84))
    layers.add(trim, 0, plane.height - 0.35, plane.length, plane.height)  # cornice


def _add_shops(layers: Layers, rng: Random, floor_height: float, tone) -> None:
    """Shop windows on the ground floor, a colored board above them, an awning at times."""
    front, length = 0.0, layers.plane.length
    lit = layers.canvas.light.lamps
    while front < length - 2:
        width = min(rng.uniform(4, 8), length - front)
        end = front + width
        board = rng.choice(_BOARDS)
        glass = (110, 170, 205) if lit else tone((84, 74, 66))
        layers.add(glass, front + 0.3, 0.4, end - 0.3, floor_height * 0.72)
        shown = front + width * rng.uniform(0.3, 0.6)
        layers.add(tone((130, 130, 130)), front + 0.5, 0.5, shown, floor_height * 0.5)
        layers.add(tone(board), front + 0.2, floor_height * 0.74, end - 0.2, floor_height * 0.95)
        name = front + 0.25 * width, front + 0.7 * width
        layers.add(tone((210, 210, 210)), name[0], floor_height * 0.8, name[1], floor_height * 0.89)
        if rng.random() < 0.3:
            layers.add(
                tone(board, 1.3), front + 0.2, floor_height * 0.6, end - 0.2, floor_height * 0.74
            )
        front = end
