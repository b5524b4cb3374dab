"""From joints to solids: what a body in its clothes is made of."""

from .builder import SIDES, Place, SolidsBuilder
from .clothing import Clothing
from .cones import Cone
from .head import add_head
from .limbs import add_arm, add_foot, add_leg
from .skeleton import Skeleton
from .torso import add_torso


def build_solids(skeleton: Skeleton, clothing: Clothing, place: Place) -> list[Cone]:
    """The solids of a body in its clothes."""
    builder = SolidsBuilder(skeleton, clothing, place)
    add_torso(builder)
    for side, sign in SIDES:
        add_arm(builder, side, sign)
        add_leg(builder, side)
        add_foot(builder, side)
    add_head(builder)
    return builder.cones
