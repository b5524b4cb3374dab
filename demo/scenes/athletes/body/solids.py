"""The solids that a dressed body consists of."""

from .builder import SIDES, Place, SolidsBuilder
from .clothing import Clothing
from .cones import Cone
from .head import add_head
from .limbs import add_arm, add_foot, add_leg
from .skeleton import Skeleton
from .torso import add_torso


def build_solids(skeleton: Skeleton, clothing: Clothing, place: Place) -> list[Cone]:
    """Build the solids of a dressed body.

    Args:
        skeleton: The posed body.
        clothing: What it wears.
        place: Maps points about the hips to points in front of the camera.
    """
    builder = SolidsBuilder(skeleton, clothing, place)
    add_torso(builder)
    for side, sign in SIDES:
        add_arm(builder, side, sign)
        add_leg(builder, side)
        add_foot(builder, side)
    add_head(builder)
    return builder.cones
