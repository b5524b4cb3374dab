"""Jumps into the sand pit: long jump and triple jump."""

from ..body.pose import Pose
from .motion import Key, Motion

_TAKE_OFF = Pose(
    lean=-4,
    twist=-6,
    nod=-8,
    r_arm=(-46, 14, 8, 66),
    l_arm=(72, 10, 12, 84),
    r_leg=(-18, 2, 6, 8, 38),
    l_leg=(82, 3, 2, 96, 8),
)

LONG_JUMP = Motion(
    'long jump',
    (
        Key(0.0, _TAKE_OFF),
        Key(
            0.18,
            Pose(
                lean=-4,
                bend=-8,
                nod=-6,
                r_arm=(40, 40, 0, 40),
                l_arm=(110, 24, 0, 50),
                r_leg=(-26, 4, 4, 44, 34),
                l_leg=(64, 4, 4, 76, 14),
            ),
            0.32,
        ),
        Key(
            0.42,
            Pose(
                lean=-6,
                bend=-24,
                nod=-10,
                r_arm=(168, 26, 0, 22),
                l_arm=(158, 30, 0, 26),
                r_leg=(-22, 6, 4, 82, 34),
                l_leg=(-12, 6, 4, 74, 30),
            ),
            0.62,
        ),
        Key(
            0.62,
            Pose(
                lean=4,
                bend=16,
                r_arm=(150, 18, 0, 14),
                l_arm=(142, 18, 0, 18),
                r_leg=(44, 5, 4, 74, 10),
                l_leg=(52, 5, 4, 66, 8),
            ),
            0.6,
        ),
        Key(
            0.84,
            Pose(
                lean=22,
                bend=34,
                nod=-12,
                r_arm=(70, 14, 0, 8),
                l_arm=(78, 14, 0, 8),
                r_leg=(96, 5, 4, 18, -8),
                l_leg=(92, 5, 4, 24, -6),
            ),
            0.36,
        ),
        Key(
            1.0,
            Pose(
                lean=30,
                bend=30,
                nod=-18,
                r_arm=(-34, 18, 0, 14),
                l_arm=(-26, 18, 0, 18),
                r_leg=(104, 6, 4, 34, -14),
                l_leg=(100, 6, 4, 38, -12),
            ),
            0.02,
        ),
    ),
    travel=1.0,
)

HITCH_KICK = Motion(
    'hitch kick',
    (
        Key(0.0, _TAKE_OFF),
        Key(
            0.3,
            Pose(
                lean=-8,
                bend=-10,
                nod=-4,
                r_arm=(170, 24, 0, 20),
                l_arm=(-50, 34, 0, 20),
                r_leg=(58, 4, 4, 62, 10),
                l_leg=(-30, 4, 4, 52, 30),
            ),
            0.5,
        ),
        Key(
            0.6,
            Pose(
                lean=-2,
                bend=10,
                r_arm=(30, 40, 0, 20),
                l_arm=(165, 26, 0, 18),
                r_leg=(62, 4, 4, 14, 0),
                l_leg=(30, 4, 4, 104, 20),
            ),
            0.62,
        ),
        *LONG_JUMP.keys[-2:],
    ),
    travel=1.0,
)

TRIPLE_JUMP = Motion(
    'triple jump',
    (
        Key(0.0, _TAKE_OFF),
        Key(
            0.3,
            Pose(
                lean=2,
                nod=-6,
                r_arm=(-60, 22, 0, 50),
                l_arm=(-54, 22, 0, 56),
                r_leg=(76, 4, 4, 84, 0),
                l_leg=(-34, 4, 4, 62, 30),
            ),
            0.24,
        ),
        Key(
            0.5,
            Pose(
                lean=10,
                r_arm=(50, 20, 10, 60),
                l_arm=(56, 20, 10, 54),
                r_leg=(30, 3, 4, 22, -8),
                l_leg=(-6, 3, 4, 70, 24),
            ),
        ),
        Key(
            0.72,
            Pose(
                lean=4,
                bend=4,
                nod=-6,
                r_arm=(64, 46, 0, 34),
                l_arm=(60, 50, 0, 40),
                r_leg=(-34, 4, 6, 72, 34),
                l_leg=(86, 6, 4, 88, -4),
            ),
            0.3,
        ),
        Key(
            0.88,
            Pose(
                lean=8,
                bend=4,
                r_arm=(-40, 40, 0, 30),
                l_arm=(-36, 44, 0, 30),
                r_leg=(-30, 4, 6, 60, 30),
                l_leg=(62, 6, 4, 40, -10),
            ),
            0.12,
        ),
        Key(1.0, _TAKE_OFF.mirrored()),
    ),
    travel=1.0,
)
