"""The torso in its shirt and shorts."""

from ...drawing.light import Color
from .builder import SHIRT, SIDES, Paint, SolidsBuilder


def add_torso(builder: SolidsBuilder) -> None:
    """Add the torso, from the seat to the shoulders."""
    skeleton, clothing, size = builder.skeleton, builder.clothing, builder.size
    female = skeleton.body.female
    waist_paint = clothing.skin if clothing.belly else clothing.top
    pelvis = (0.0, clothing.bottom)
    _add_middle(builder, waist_paint)
    for _, sign in SIDES:
        hip = skeleton.at('pelvis', 'pelvis', -0.004 * size, 0.012 * size, sign * 0.036 * size)
        low = skeleton.at('pelvis', 'pelvis', 0.0, 0.045 * size, sign * 0.03 * size)
        waist = skeleton.at('waist', 'waist', 0.0, 0.0, sign * 0.028 * size)
        ribs = skeleton.at('chest', 'chest', 0.004 * size, 0.012 * size, sign * 0.044 * size)
        top = skeleton.at('chest', 'throat', -0.006 * size, -0.04 * size, sign * 0.06 * size)
        builder.add(hip, low, (0.059 if female else 0.056, 0.051), pelvis)
        builder.add(low, waist, (0.051, 0.045), (0.0, clothing.bottom), (0.25, waist_paint))
        bare = (
            ((0.0, clothing.skin), (0.35, clothing.top))
            if clothing.belly
            else ((0.0, clothing.top),)
        )
        builder.add(waist, ribs, (0.045, 0.052), *bare, name=SHIRT)
        builder.add(ribs, top, (0.052, 0.042), (0.0, clothing.top), name=SHIRT)
        if female:
            bust = skeleton.at('chest', 'chest', 0.034 * size, 0.012 * size, sign * 0.034 * size)
            builder.add(bust, bust, (0.029, 0.029), (0.0, clothing.top), name=SHIRT)
    seat = skeleton.at('pelvis', 'pelvis', -0.02 * size, -0.012 * size, 0.0)
    for _, sign in SIDES:
        behind = seat + skeleton.frames['pelvis'] @ (0.0, 0.0, sign * 0.03 * size)
        builder.add(behind, behind, (0.05, 0.05), pelvis)
    base = skeleton.at('chest', 'throat', -0.008 * size, -0.01 * size, 0.0)
    for side, _ in SIDES:
        strap: tuple[Paint, ...] = ((0.0, clothing.skin), (0.15, clothing.top))
        if not clothing.sleeve:
            strap = ((0.0, clothing.skin), (0.3, clothing.trim), (0.62, clothing.skin))
        builder.add(base, skeleton.joints[side + 'sho'], (0.026, 0.03), *strap)


def _add_middle(builder: SolidsBuilder, waist_paint: Color) -> None:
    """Fill the gap between the right and the left half of the torso."""
    skeleton, clothing, size = builder.skeleton, builder.clothing, builder.size
    low = skeleton.at('pelvis', 'pelvis', 0.0, 0.02 * size, 0.0)
    high = skeleton.at('pelvis', 'pelvis', 0.0, 0.05 * size, 0.0)
    waist, ribs = skeleton.joints['waist'], skeleton.at('chest', 'chest', 0.002 * size, 0.0, 0.0)
    top = skeleton.at('chest', 'throat', -0.012 * size, -0.045 * size, 0.0)
    bare = (
        ((0.0, clothing.skin), (0.35, clothing.top)) if clothing.belly else ((0.0, clothing.top),)
    )
    builder.add(low, high, (0.05, 0.048), (0.0, clothing.bottom))
    builder.add(high, waist, (0.048, 0.045), (0.0, clothing.bottom), (0.3, waist_paint))
    builder.add(waist, ribs, (0.045, 0.05), *bare, name=SHIRT)
    builder.add(ribs, top, (0.05, 0.038), (0.0, clothing.top), name=SHIRT)
