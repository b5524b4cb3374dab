"""Head, face and hair."""

from collections.abc import Callable

import numpy as np

from ...drawing.light import scale_color
from .builder import SIDES, SolidsBuilder


def add_head(builder: SolidsBuilder) -> None:
    """Add neck, head, face and hair."""
    clothing, skeleton, size = builder.clothing, builder.skeleton, builder.size
    skull = skeleton.body.skull / size

    def on_head(ahead: float, up: float, right: float) -> np.ndarray:
        return skeleton.at('head', 'head', ahead * size, up * size, right * size)

    skin = clothing.skin
    neck = (0.029, 0.027) if skeleton.body.female else (0.034, 0.031)
    base = skeleton.at('chest', 'throat', -0.01 * size, -0.01 * size, 0.0)
    builder.add(base, on_head(-0.012, -0.035, 0.0), neck, (0.0, scale_color(skin, 0.93)))
    builder.ball(on_head(-0.006, 0.004, 0.0), skull, skin)
    jaw, chin = on_head(0.014, -0.012, 0.0), on_head(0.024, -0.052, 0.0)
    builder.add(jaw, chin, (0.041, 0.024), (0.0, skin))
    nose = on_head(0.05, -0.006, 0.0), on_head(0.061, -0.02, 0.0)
    builder.add(*nose, (0.006, 0.0085), (0.0, skin))
    for _, sign in SIDES:
        builder.ball(on_head(-0.004, -0.012, sign * 0.049), 0.012, scale_color(skin, 0.85))
        builder.ball(on_head(0.041, -0.001, sign * 0.019), 0.0085, (225, 225, 225))
        builder.ball(on_head(0.0465, -0.001, sign * 0.019), 0.0052, (30, 26, 24))
        brow = on_head(0.045, 0.011, sign * 0.01), on_head(0.038, 0.012, sign * 0.028)
        builder.add(*brow, (0.0042, 0.0032), (0.0, scale_color(clothing.hair, 0.6)))
    lips = on_head(0.046, -0.037, 0.009), on_head(0.046, -0.037, -0.009)
    builder.add(*lips, (0.0052, 0.0052), (0.0, (0.7 * skin[0], 0.6 * skin[1], 0.85 * skin[2])))
    _add_hair(builder, on_head, skull)


def _add_hair(builder: SolidsBuilder, on_head: Callable, skull: float) -> None:
    clothing = builder.clothing
    hair = (0.0, clothing.top if clothing.cap else clothing.hair)
    builder.add(on_head(-0.02, 0.012, 0.0), on_head(0.004, 0.02, 0.0), (skull, 0.8 * skull), hair)
    builder.add(on_head(-0.02, 0.0, 0.0), on_head(-0.018, -0.024, 0.0), (0.9 * skull, 0.03), hair)
    if clothing.cap:
        builder.add(on_head(0.03, 0.026, 0.0), on_head(0.075, 0.016, 0.0), (0.028, 0.02), hair)
    if clothing.long_hair == 'bun':
        builder.ball(on_head(-0.062, 0.03, 0.0), 0.026, clothing.hair)
    elif clothing.long_hair == 'tail':
        builder.add(on_head(-0.055, 0.02, 0.0), on_head(-0.09, -0.04, 0.0), (0.02, 0.024), hair)
        builder.add(on_head(-0.09, -0.04, 0.0), on_head(-0.1, -0.1, 0.0), (0.024, 0.006), hair)
