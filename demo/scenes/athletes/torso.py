"""The torso in its shirt and shorts."""

from ..streets.light import Color
from .tailor import SHIRT, SIDES, Tailor


def add_torso(tailor: Tailor) -> None:
    """Add the torso, from the seat to the shoulders."""
    skeleton, outfit, size = tailor.skeleton, tailor.outfit, tailor.size
    female = skeleton.body.female
    waist_paint = outfit.skin if outfit.belly else outfit.top
    pelvis = (0.0, outfit.bottom)
    _add_middle(tailor, waist_paint)
    for _, sign in SIDES:
        hip = skeleton.at('pelvis', 'pelvis', -0.004 * size, 0.012 * size, sign * 0.036 * size)
        low = skeleton.at('pelvis', 'pelvis', 0.0, 0.045 * size, sign * 0.03 * size)
        waist = skeleton.at('waist', 'waist', 0.0, 0.0, sign * 0.028 * size)
        ribs = skeleton.at('chest', 'chest', 0.004 * size, 0.012 * size, sign * 0.044 * size)
        top = skeleton.at('chest', 'throat', -0.006 * size, -0.04 * size, sign * 0.06 * size)
        tailor.add(hip, low, (0.059 if female else 0.056, 0.051), pelvis)
        tailor.add(low, waist, (0.051, 0.045), (0.0, outfit.bottom), (0.25, waist_paint))
        bare = ((0.0, outfit.skin), (0.35, outfit.top)) if outfit.belly else ((0.0, outfit.top),)
        tailor.add(waist, ribs, (0.045, 0.052), *bare, name=SHIRT)
        tailor.add(ribs, top, (0.052, 0.042), (0.0, outfit.top), name=SHIRT)
        if female:
            bust = skeleton.at('chest', 'chest', 0.034 * size, 0.012 * size, sign * 0.034 * size)
            tailor.add(bust, bust, (0.029, 0.029), (0.0, outfit.top), name=SHIRT)
    seat = skeleton.at('pelvis', 'pelvis', -0.02 * size, -0.012 * size, 0.0)
    for _, sign in SIDES:
        behind = seat + skeleton.frames['pelvis'] @ (0.0, 0.0, sign * 0.03 * size)
        tailor.add(behind, behind, (0.05, 0.05), pelvis)
    base = skeleton.at('chest', 'throat', -0.008 * size, -0.01 * size, 0.0)
    for side, _ in SIDES:
        strap = ((0.0, outfit.skin), (0.3, outfit.trim), (0.62, outfit.skin))
        if outfit.sleeve:
            strap = ((0.0, outfit.skin), (0.15, outfit.top))
        tailor.add(base, skeleton.joints[side + 'sho'], (0.026, 0.03), *strap)


def _add_middle(tailor: Tailor, waist_paint: Color) -> None:
    """What fills the furrow between the right and the left half of the torso."""
    skeleton, outfit, size = tailor.skeleton, tailor.outfit, tailor.size
    low = skeleton.at('pelvis', 'pelvis', 0.0, 0.02 * size, 0.0)
    high = skeleton.at('pelvis', 'pelvis', 0.0, 0.05 * size, 0.0)
    waist, ribs = skeleton.joints['waist'], skeleton.at('chest', 'chest', 0.002 * size, 0.0, 0.0)
    top = skeleton.at('chest', 'throat', -0.012 * size, -0.045 * size, 0.0)
    bare = ((0.0, outfit.skin), (0.35, outfit.top)) if outfit.belly else ((0.0, outfit.top),)
    tailor.add(low, high, (0.05, 0.048), (0.0, outfit.bottom))
    tailor.add(high, waist, (0.048, 0.045), (0.0, outfit.bottom), (0.3, waist_paint))
    tailor.add(waist, ribs, (0.045, 0.05), *bare, name=SHIRT)
    tailor.add(ribs, top, (0.05, 0.038), (0.0, outfit.top), name=SHIRT)
