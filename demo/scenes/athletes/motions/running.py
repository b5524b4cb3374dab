"""Running and walking."""

from ..body.pose import Pose
from .motion import Key, Motion


def _there_and_mirrored(*keys: Key) -> tuple[Key, ...]:
    """A stride of each leg: the keys of one half, then mirrored, then the first again."""
    first = [Key(key.time / 2, key.pose, key.above) for key in keys]
    second = [Key(0.5 + key.time / 2, key.pose.mirrored(), key.above) for key in keys]
    return (*first, *second, Key(1.0, keys[0].pose, keys[0].above))


RUN = Motion(
    'run',
    _there_and_mirrored(
        Key(
            0.0,
            Pose(
                lean=6,
                twist=6,
                r_arm=(-42, 10, 12, 78),
                l_arm=(38, 4, 18, 100),
                r_leg=(28, 2, 4, 22, -4),
                l_leg=(-4, 2, 2, 98, 20),
            ),
        ),
        Key(
            0.26,
            Pose(
                lean=8,
                r_arm=(-12, 8, 14, 84),
                l_arm=(6, 6, 16, 92),
                r_leg=(4, 2, 4, 34, -14),
                l_leg=(36, 2, 2, 118, 10),
            ),
        ),
        Key(
            0.55,
            Pose(
                lean=8,
                twist=-10,
                r_arm=(44, 4, 18, 84),
                l_arm=(-58, 10, 10, 92),
                r_leg=(-24, 2, 6, 14, 32),
                l_leg=(74, 2, 2, 98, -4),
            ),
        ),
        Key(
            0.8,
            Pose(
                lean=7,
                twist=-9,
                r_arm=(46, 4, 18, 96),
                l_arm=(-54, 10, 10, 82),
                r_leg=(-26, 2, 4, 56, 30),
                l_leg=(58, 2, 2, 58, -8),
            ),
            0.09,
        ),
    ),
    travel=1.0,
)

WALK = Motion(
    'walk',
    _there_and_mirrored(
        Key(
            0.0,
            Pose(
                twist=4,
                r_arm=(-18, 8, 8, 18),
                l_arm=(18, 6, 10, 28),
                r_leg=(22, 2, 6, 6, -8),
                l_leg=(-14, 2, 6, 22, 18),
            ),
        ),
        Key(
            0.5,
            Pose(
                r_arm=(0, 8, 8, 20),
                l_arm=(0, 6, 10, 24),
                r_leg=(2, 3, 6, 8, 0),
                l_leg=(16, 2, 6, 58, 4),
            ),
        ),
    ),
    travel=0.15,
)
