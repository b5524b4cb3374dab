"""A motion: a sequence of poses, and their heights above the ground."""

from dataclasses import dataclass

from ..body.pose import Pose


@dataclass(frozen=True)
class Key:
    """One pose of a motion.

    Attributes:
        time: Its time, from 0 to 1.
        pose: The joint angles; the right leg is the one that takes off.
        above: Meters between the ground and the lowest part of the body.
    """

    time: float
    pose: Pose
    above: float = 0.0


@dataclass(frozen=True)
class Motion:
    """A motion from its first pose to its last.

    Attributes:
        name: Its name.
        keys: The poses, in the order of their times.
        travel: Speed of the body along its heading, 1 when running. It blurs the background.
    """

    name: str
    keys: tuple[Key, ...]
    travel: float

    def at(self, time: float) -> Key:
        """The pose at ``time``, from 0 to 1, interpolated between the nearest two."""
        for before, after in zip(self.keys, self.keys[1:], strict=False):
            if time <= after.time:
                share = (time - before.time) / (after.time - before.time)
                above = before.above + share * (after.above - before.above)
                return Key(time, before.pose.interpolated(after.pose, share), above)
        return self.keys[-1]
