"""Which motions occur, and how often."""

from random import Random

from .bar_jumps import HIGH_JUMP, POLE_VAULT
from .motion import Motion
from .pit_jumps import HITCH_KICK, LONG_JUMP, TRIPLE_JUMP
from .running import RUN, WALK
from .standing import CROUCHING, STANDING

ATHLETE_MOTIONS: tuple[tuple[Motion, float], ...] = (
    (RUN, 26),
    (LONG_JUMP, 18),
    (HITCH_KICK, 8),
    (TRIPLE_JUMP, 14),
    (HIGH_JUMP, 16),
    (POLE_VAULT, 6),
    (WALK, 4),
    *((motion, 8 / len(STANDING)) for motion in STANDING),
)
"""What the athlete may do, with weights."""

BYSTANDER_MOTIONS = (*STANDING, *STANDING, WALK, CROUCHING)
"""What people around the athlete may do."""

PIT_JUMPS = (LONG_JUMP, HITCH_KICK, TRIPLE_JUMP)


def sample_motion(rng: Random) -> Motion:
    """Sample what the athlete does."""
    return rng.choices([m for m, _ in ATHLETE_MOTIONS], [weight for _, weight in ATHLETE_MOTIONS])[
        0
    ]
