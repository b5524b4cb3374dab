"""Jumps over a bar: high jump and pole vault."""

from ..body.pose import Pose
from .motion import Key, Motion

HIGH_JUMP = Motion(
    'high jump',
    (
        Key(
            0.0,
            Pose(
                lean=-14,
                tilt=-12,
                twist=8,
                r_arm=(-50, 16, 0, 50),
                l_arm=(-30, 16, 0, 60),
                r_leg=(34, 2, 8, 12, -4),
                l_leg=(4, 3, 4, 88, 16),
            ),
        ),
        Key(
            0.2,
            Pose(
                lean=-6,
                turn=-20,
                r_arm=(150, 18, 0, 36),
                l_arm=(140, 20, 0, 44),
                r_leg=(-6, 3, 8, 6, 38),
                l_leg=(84, 6, 4, 104, 14),
            ),
        ),
        Key(
            0.42,
            Pose(
                lean=-38,
                bend=-10,
                turn=-60,
                nod=-4,
                r_arm=(150, 26, 0, 30),
                l_arm=(70, 34, 0, 40),
                r_leg=(0, 6, 8, 24, 34),
                l_leg=(52, 12, 4, 92, 26),
            ),
            0.9,
        ),
        Key(
            0.62,
            Pose(
                lean=-92,
                bend=-44,
                turn=-85,
                nod=-30,
                r_arm=(20, 34, 0, 20),
                l_arm=(16, 34, 0, 22),
                r_leg=(-26, 14, 10, 84, 24),
                l_leg=(-22, 14, 10, 88, 24),
            ),
            1.75,
        ),
        Key(
            0.82,
            Pose(
                lean=-112,
                bend=18,
                turn=-88,
                nod=30,
                r_arm=(60, 34, 0, 20),
                l_arm=(54, 34, 0, 20),
                r_leg=(74, 8, 8, 26, 20),
                l_leg=(70, 8, 8, 32, 20),
            ),
            1.7,
        ),
        Key(
            1.0,
            Pose(
                lean=-118,
                bend=34,
                turn=-88,
                nod=36,
                r_arm=(40, 70, 0, 20),
                l_arm=(40, 70, 0, 24),
                r_leg=(96, 14, 8, 30, 10),
                l_leg=(92, 14, 8, 36, 10),
            ),
            0.85,
        ),
    ),
    travel=0.5,
)

POLE_VAULT = Motion(
    'pole vault',
    (
        Key(
            0.0,
            Pose(
                lean=-6,
                nod=-14,
                r_arm=(168, 8, 0, 8),
                l_arm=(128, 8, 0, 34),
                r_leg=(64, 4, 4, 88, 10),
                l_leg=(-28, 4, 4, 22, 34),
            ),
            0.3,
        ),
        Key(
            0.3,
            Pose(
                lean=-60,
                bend=14,
                r_arm=(150, 6, 0, 6),
                l_arm=(118, 6, 0, 24),
                r_leg=(82, 4, 4, 46, 20),
                l_leg=(66, 4, 4, 24, 24),
            ),
            1.2,
        ),
        Key(
            0.55,
            Pose(
                lean=-160,
                bend=6,
                nod=10,
                r_arm=(60, 8, 0, 10),
                l_arm=(44, 8, 0, 30),
                r_leg=(18, 3, 4, 14, 36),
                l_leg=(10, 3, 4, 8, 38),
            ),
            2.4,
        ),
        Key(
            0.8,
            Pose(
                lean=-242,
                bend=34,
                nod=-20,
                r_arm=(96, 20, 0, 20),
                l_arm=(80, 26, 0, 34),
                r_leg=(44, 5, 4, 10, 30),
                l_leg=(38, 5, 4, 16, 30),
            ),
            4.2,
        ),
        Key(
            1.0,
            Pose(
                lean=-390,
                bend=20,
                nod=-6,
                r_arm=(140, 40, 0, 30),
                l_arm=(150, 44, 0, 26),
                r_leg=(60, 12, 4, 50, 20),
                l_leg=(50, 12, 4, 56, 20),
            ),
            3.2,
        ),
    ),
    travel=0.3,
)
