"""From joints to solids: what a body in its clothes is made of."""

from .head import add_head
from .limbs import add_arm, add_foot, add_leg
from .outfit import Outfit
from .skeleton import Skeleton
from .solids import Cone
from .tailor import SIDES, Place, Tailor
from .torso import add_torso


def flesh_out(skeleton: Skeleton, outfit: Outfit, place: Place) -> list[Cone]:
    """The solids of a body in its clothes."""
    tailor = Tailor(skeleton, outfit, place)
    add_torso(tailor)
    for side, sign in SIDES:
        add_arm(tailor, side, sign)
        add_leg(tailor, side)
        add_foot(tailor, side)
    add_head(tailor)
    return tailor.cones
