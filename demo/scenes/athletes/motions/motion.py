"""A motion: postures one after the other, and how high above the ground they are."""

from dataclasses import dataclass

from ..body.pose import Pose


@dataclass(frozen=True)
class Key:
    """One posture of a motion.

    Attributes:
        time: When it is taken, 0 to 1.
        pose: The posture, with the right leg doing what the motion is named after.
        above: Meters between the ground and the lowest part of the body.
    """

    time: float
    pose: Pose
    above: float = 0.0


@dataclass(frozen=True)
class Motion:
    """A motion from its first posture to its last.

    Attributes:
        name: What it is called.
        keys: The postures.
        travel: How fast the body moves along its heading, 1 when running; it blurs what stands.
    """

    name: str
    keys: tuple[Key, ...]
    travel: float

    def at(self, time: float) -> Key:
        """The posture at any time from 0 to 1."""
        for before, after in zip(self.keys, self.keys[1:], strict=False):
            if time <= after.time:
                share = (time - before.time) / (after.time - before.time)
                above = before.above + share * (after.above - before.above)
                return Key(time, before.pose.interpolated(after.pose, share), above)
        return self.keys[-1]
