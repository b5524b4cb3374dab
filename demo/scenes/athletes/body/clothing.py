"""What a person wears."""

from dataclasses import dataclass
from random import Random

from ...drawing.light import Color, scale_color
from .colors import BRIGHT, DULL, HAIR, OFFICIAL, SKIN


@dataclass(frozen=True)
class Clothing:
    """Clothes and colors.

    Attributes:
        skin: Color of the skin.
        hair: Color of the hair, or of the cap.
        long_hair: 'no', 'tail' or 'bun'.
        cap: Whether the hair is under a cap with a visor.
        top: Color of the shirt.
        trim: Second color, of straps, hems and the sides of the shirt.
        belly: Whether the waist is bare.
        sleeve: Length in segments of the arm: 0 for none, 1 to the elbow, 2 to the wrist.
        bottom: Color of shorts or pants.
        hem: Their length in segments of the leg: 0 at the hip, 1 to the knee, 2 to the ankle.
        socks: Color of the socks.
        sock: Share of the shank that they cover.
        shoes: Color of the shoes.
        sole: Color of their soles.
        bib: Number on chest and back; empty for none.
        bib_color: Color of the bib.
    """

    skin: Color
    hair: Color
    long_hair: str
    cap: bool
    top: Color
    trim: Color
    belly: bool
    sleeve: float
    bottom: Color
    hem: float
    socks: Color
    sock: float
    shoes: Color
    sole: Color
    bib: str
    bib_color: Color


def _long_hair(rng: Random, female: bool) -> str:
    return rng.choice(('tail', 'tail', 'bun', 'no')) if female else 'no'


def sample_sportswear(rng: Random, female: bool) -> Clothing:
    """Sample what an athlete wears in competition."""
    top = rng.choice(BRIGHT)
    bottom = top if rng.random() < 0.35 else rng.choice(BRIGHT)
    tights = rng.random() < 0.15
    return Clothing(
        skin=rng.choice(SKIN),
        hair=rng.choice(HAIR),
        long_hair=_long_hair(rng, female),
        cap=False,
        top=top,
        trim=rng.choice(BRIGHT),
        belly=female and rng.random() < 0.55,
        sleeve=rng.choice((0.0, 0.0, 0.0, 0.0, 0.35, 1.95)),
        bottom=bottom,
        hem=1.9 if tights else rng.choice((0.12, 0.22, 0.35, 0.45, 0.6)),
        socks=rng.choice(((236, 236, 236), (236, 236, 236), (40, 38, 36), rng.choice(BRIGHT))),
        sock=rng.choice((0.06, 0.12, 0.25, 0.8)),
        shoes=rng.choice(BRIGHT),
        sole=rng.choice(((236, 236, 236), (40, 40, 40), rng.choice(BRIGHT))),
        bib=str(rng.randrange(1, 9999)) if rng.random() < 0.85 else '',
        bib_color=rng.choice(((240, 240, 240), (240, 240, 240), (160, 235, 250), (235, 225, 190))),
    )


def sample_everyday_clothes(rng: Random, female: bool) -> Clothing:
    """Sample what officials, coaches and photographers wear."""
    top = rng.choice(OFFICIAL + DULL)
    return Clothing(
        skin=rng.choice(SKIN),
        hair=rng.choice(HAIR + ((150, 150, 150), (200, 200, 200))),
        long_hair=_long_hair(rng, female),
        cap=rng.random() < 0.35,
        top=top,
        trim=scale_color(top, 0.8),
        belly=False,
        sleeve=rng.choice((0.7, 0.9, 1.9, 1.9)),
        bottom=rng.choice(DULL),
        hem=rng.choice((0.9, 1.95, 1.95, 1.95)),
        socks=(220, 220, 220),
        sock=0.1,
        shoes=rng.choice(DULL),
        sole=(210, 210, 210),
        bib='',
        bib_color=(240, 240, 240),
    )
