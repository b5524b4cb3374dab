"""Which motions there are, and how often."""

from random import Random

from .clearing import HIGH_JUMP, POLE_VAULT
from .jumping import HITCH_KICK, LONG_JUMP, TRIPLE_JUMP
from .motion import Motion
from .running import RUN, WALK
from .standing import CROUCHING, STANDING

CHOICES: tuple[tuple[Motion, float], ...] = (
    (RUN, 26),
    (LONG_JUMP, 18),
    (HITCH_KICK, 8),
    (TRIPLE_JUMP, 14),
    (HIGH_JUMP, 16),
    (POLE_VAULT, 6),
    (WALK, 4),
    *((motion, 8 / len(STANDING)) for motion in STANDING),
)
"""What the athlete does, and how often."""

BYSTANDING = (*STANDING, *STANDING, WALK, CROUCHING)
"""What people around the athlete do."""

TO_THE_PIT = (LONG_JUMP, HITCH_KICK, TRIPLE_JUMP)


def draw_motion(rng: Random) -> Motion:
    """Pick what the athlete does."""
    return rng.choices([m for m, _ in CHOICES], [weight for _, weight in CHOICES])[0]
