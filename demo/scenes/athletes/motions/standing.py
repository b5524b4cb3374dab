"""Standing and crouching."""

from ..body.pose import Pose
from .motion import Key, Motion

_STANDING = (
    Pose(),
    Pose(  # hands on the hips
        r_arm=(-22, 46, 24, 104),
        l_arm=(-22, 46, 24, 104),
        r_leg=(4, 10, 10, 4, 0),
        l_leg=(-4, 10, 10, 4, 0),
    ),
    Pose(  # arms up: clapping, or joy
        nod=-14,
        r_arm=(160, 24, 0, 26),
        l_arm=(160, 24, 0, 26),
        r_leg=(2, 10, 8, 4, 0),
        l_leg=(-2, 10, 8, 4, 0),
    ),
    Pose(  # bent, hands on the knees
        lean=38,
        bend=28,
        nod=-26,
        r_arm=(64, 12, 8, 26),
        l_arm=(64, 12, 8, 26),
        r_leg=(48, 8, 10, 34, -14),
        l_leg=(48, 8, 10, 34, -14),
    ),
    Pose(  # before the run-up, leaning back
        lean=-12,
        bend=10,
        r_arm=(10, 8, 10, 30),
        l_arm=(24, 8, 10, 40),
        r_leg=(34, 2, 4, 10, -10),
        l_leg=(10, 2, 8, 30, -20),
    ),
    Pose(  # one arm raised
        look=20,
        side=-6,
        r_arm=(150, 30, 0, 20),
        l_arm=(-4, 10, 6, 20),
        r_leg=(2, 6, 8, 2, 0),
        l_leg=(8, 6, 12, 16, 4),
    ),
    Pose(  # arms crossed
        r_arm=(34, 10, 64, 96),
        l_arm=(30, 10, 66, 100),
        r_leg=(0, 8, 10, 2, 0),
        l_leg=(2, 8, 10, 4, 0),
    ),
)

STANDING = tuple(
    Motion(f'stand {i}', (Key(0.0, pose),), travel=0.0) for i, pose in enumerate(_STANDING)
)

CROUCHING = Motion(
    'crouch',
    (
        Key(
            0.0,
            Pose(
                lean=20,
                bend=20,
                nod=-10,
                r_arm=(62, 4, 40, 96),
                l_arm=(66, 4, 40, 92),
                r_leg=(84, 12, 10, 120, -20),
                l_leg=(30, 8, 10, 128, -30),
            ),
        ),
    ),
    travel=0.0,
)
