"""A pose: the angles of all joints, in degrees."""

from dataclasses import dataclass, fields
from random import Random

Arm = tuple[float, float, float, float]  # raise, spread, turn in, elbow

Leg = tuple[float, float, float, float, float]  # raise, spread, turn out, knee, toes down

HANGING: Arm = (0.0, 8.0, 0.0, 15.0)
STRAIGHT: Leg = (0.0, 4.0, 6.0, 3.0, 0.0)


@dataclass(frozen=True)
class Pose:
    """The angles of all joints in degrees; 0 everywhere is upright with straight limbs.

    Attributes:
        lean: Of the whole body, forward.
        tilt: Of the whole body, to its right.
        turn: Of the whole body, to its right.
        bend: Of the spine, forward.
        side: Of the spine, to the right.
        twist: Of the shoulders against the hips, to the right.
        nod: Of the head, forward.
        look: Of the head, to the right.
        r_arm: Right arm: raised forward, spread outward, turned inward, elbow bent.
        l_arm: Left arm.
        r_leg: Right leg: raised forward, spread outward, turned outward, knee bent, toes down.
        l_leg: Left leg.
    """

    lean: float = 0.0
    tilt: float = 0.0
    turn: float = 0.0
    bend: float = 0.0
    side: float = 0.0
    twist: float = 0.0
    nod: float = 0.0
    look: float = 0.0
    r_arm: Arm = HANGING
    l_arm: Arm = HANGING
    r_leg: Leg = STRAIGHT
    l_leg: Leg = STRAIGHT

    def mirrored(self) -> 'Pose':
        """The same pose with right and left exchanged."""
        return Pose(
            lean=self.lean,
            tilt=-self.tilt,
            turn=-self.turn,
            bend=self.bend,
            side=-self.side,
            twist=-self.twist,
            nod=self.nod,
            look=-self.look,
            r_arm=self.l_arm,
            l_arm=self.r_arm,
            r_leg=self.l_leg,
            l_leg=self.r_leg,
        )

    def interpolated(self, other: 'Pose', share: float) -> 'Pose':
        """The pose between this one (share 0) and another (share 1)."""
        values = {}
        for field in fields(self):
            a, b = getattr(self, field.name), getattr(other, field.name)
            if isinstance(a, tuple):
                values[field.name] = tuple(x + share * (y - x) for x, y in zip(a, b, strict=True))
            else:
                values[field.name] = a + share * (b - a)
        return Pose(**values)

    def loosened(self, rng: Random, degrees: float) -> 'Pose':
        """The same pose with random angles added, of a standard deviation given in degrees."""
        values = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                moved = [x + rng.gauss(0, degrees) for x in value]
                moved[3] = max(moved[3], 0.0)  # neither elbows nor knees bend backwards
                values[field.name] = tuple(moved)
            else:
                values[field.name] = value + rng.gauss(0, degrees / 2)
        return Pose(**values)
