"""Arms, legs, hands and feet."""

from ...drawing.light import Color
from .builder import SolidsBuilder


def add_arm(builder: SolidsBuilder, side: str, sign: int) -> None:
    """Add an arm and its hand; ``sign`` is 1 for the right."""
    clothing, joints = builder.clothing, builder.skeleton.joints
    broad = builder.skeleton.body.broad * (0.92 if builder.skeleton.body.female else 1.0)
    loose = 1.12 if clothing.hem > 1.92 else 1.0  # with long pants, a jacket
    sho, elb, wri, han = (joints[side + name] for name in ('sho', 'elb', 'wri', 'han'))
    upper, lower = _cover(clothing.top, clothing.skin, clothing.sleeve)
    builder.add(sho, elb, (0.031 * broad * loose, 0.022 * broad * loose), *upper)
    belly = elb + 0.28 * (wri - elb)
    low, high = _cut(lower, 0.28)
    builder.add(elb, belly, (0.022 * broad * loose, 0.0235 * broad * loose), *low)
    builder.add(belly, wri, (0.0235 * broad * loose, 0.0145 * broad * loose), *high)
    palm = wri + 0.55 * (han - wri)
    skin = (0.0, clothing.skin)
    builder.add(wri, palm, (0.0145, 0.021), skin)
    builder.add(palm, han + 0.25 * (han - wri), (0.019, 0.011), skin)
    hand = builder.skeleton.frames[side + 'hand']
    thumb = palm + hand @ (0.022, -0.018, -sign * 0.012) * builder.size
    builder.add(palm, thumb, (0.01, 0.008), skin)


def add_leg(builder: SolidsBuilder, side: str) -> None:
    """Add a leg, without its foot."""
    clothing, joints = builder.clothing, builder.skeleton.joints
    broad = builder.skeleton.body.broad
    loose = 1.1 if clothing.hem > 1.92 else 1.0
    hip, kne, ank = (joints[side + name] for name in ('hip', 'kne', 'ank'))
    upper, lower = _cover(clothing.bottom, clothing.skin, clothing.hem)
    sock = 1.0 - clothing.sock
    lower = (*(paint for paint in lower if paint[0] < sock), (sock, clothing.socks))
    builder.add(hip, kne, (0.05 * broad, 0.031 * broad * loose), *upper)
    behind = builder.skeleton.frames[side + 'foot'] @ (-0.012 * builder.size, 0.0, 0.0)
    calf = kne + 0.3 * (ank - kne) + behind
    low, high = _cut(lower, 0.3)
    builder.add(kne, calf, (0.03 * broad * loose, 0.034 * broad * loose), *low)
    builder.add(calf, ank, (0.034 * broad * loose, 0.0185 * loose**2), *high)


def add_foot(builder: SolidsBuilder, side: str) -> None:
    """Add a foot in its shoe."""
    clothing, skeleton, size = builder.clothing, builder.skeleton, builder.size
    foot = skeleton.frames[side + 'foot']
    ank, hee, toe = (skeleton.joints[side + name] for name in ('ank', 'hee', 'toe'))
    shoe, sole = (0.0, clothing.shoes), (0.0, clothing.sole)
    ball = toe + foot @ (-0.045 * size, 0.006 * size, 0.0)
    heel = hee + foot @ (0.014 * size, 0.006 * size, 0.0)
    tip = toe + foot @ (-0.007 * size, 0.0, 0.0)
    builder.add(ank, heel, (0.021, 0.022), shoe)
    builder.add(ank, ball, (0.021, 0.019), shoe)
    builder.add(heel, ball, (0.021, 0.0195), shoe)
    builder.add(ball, tip, (0.0195, 0.0125), shoe)
    under = foot @ (0.0, -0.009 * size, 0.0)
    builder.add(heel + under, ball + under, (0.0165, 0.016), sole)
    builder.add(ball + under, tip + 0.4 * under, (0.016, 0.0115), sole)


def _cover(cloth: Color, skin: Color, reach: float) -> tuple[tuple, tuple]:
    """Paints of a limb's two segments, which cloth covers up to ``reach``, 0 to 2 segments."""
    upper = ((0.0, cloth), (reach, skin)) if reach < 1 else ((0.0, cloth),)
    if reach <= 0:
        upper = ((0.0, skin),)
    lower = ((0.0, cloth), (reach - 1, skin)) if reach > 1 else ((0.0, skin),)
    return upper, lower


def _cut(paints: tuple, at: float) -> tuple[tuple, tuple]:
    """Split the paints of a segment at the share ``at`` of its length."""
    low = tuple((start / at, color) for start, color in paints if start < at)
    last = [color for start, color in paints if start <= at][-1]
    rest = ((start - at) / (1 - at) for start, _ in paints if start > at)
    colors = (color for start, color in paints if start > at)
    return low, ((0.0, last), *zip(rest, colors, strict=True))
