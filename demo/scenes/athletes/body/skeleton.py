"""Forward kinematics: the positions of a body's joints in a given pose."""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from .pose import Arm, Leg, Pose
from .proportions import Body

SOLE = 0.017  # share of the stature between the joints of a foot and the ground


# Axes of the body: ahead, up, right. Each is a proper rotation by degrees.


def pitch(degrees: float) -> np.ndarray:
    """Rotation that lifts the front, and swings what hangs down forward, ``[3, 3]``."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return np.array(((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0)))


def roll(degrees: float) -> np.ndarray:
    """Rotation that tilts the top to the right, ``[3, 3]``."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return np.array(((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c)))


def yaw(degrees: float) -> np.ndarray:
    """Rotation that turns the front to the right, ``[3, 3]``."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return np.array(((c, 0.0, -s), (0.0, 1.0, 0.0), (s, 0.0, c)))


@dataclass(frozen=True)
class Skeleton:
    """Joints of a body in meters from the middle of its hips; axes are ahead, up, right.

    Attributes:
        body: Whose skeleton it is.
        joints: Positions ``[3]`` by name; r and l are the body's own right and left.
        frames: Rotations ``[3, 3]`` of 'pelvis', 'waist', 'chest', 'head', 'rfoot', 'lfoot', and
            of hands, whose columns are the part's own axes ahead, up and right.
    """

    body: Body
    joints: dict[str, np.ndarray]
    frames: dict[str, np.ndarray]

    @property
    def hip_height(self) -> float:
        """Meters from the ground to the hips when the lowest part touches the ground."""
        lowest = min(float(place[1]) for place in self.joints.values())
        return SOLE * self.body.stature - lowest

    def at(self, frame: str, origin: str, ahead: float, up: float, right: float) -> np.ndarray:
        """The point ``[3]`` that lies so many meters from a joint, along the axes of a part."""
        return self.joints[origin] + self.frames[frame] @ (ahead, up, right)


def build_skeleton(body: Body, pose: Pose) -> Skeleton:
    """Put a body into a pose."""
    pelvis = yaw(pose.turn) @ pitch(-pose.lean) @ roll(pose.tilt)
    half = pitch(-pose.bend / 2) @ roll(pose.side / 2) @ yaw(pose.twist / 2)
    waist = pelvis @ half
    chest = waist @ half
    head = chest @ pitch(-pose.nod) @ yaw(pose.look)
    joints = {'pelvis': np.zeros(3)}
    frames = {'pelvis': pelvis, 'waist': waist, 'chest': chest, 'head': head}

    joints['waist'] = pelvis @ (0.0, body.belly, 0.0)
    joints['chest'] = joints['waist'] + waist @ (0.0, body.ribs / 2, 0.0)
    joints['throat'] = joints['chest'] + chest @ (0.0, body.ribs / 2, 0.0)
    joints['neck'] = joints['throat'] + chest @ pitch(-pose.nod / 2) @ (0.0, body.neck, 0.0)
    joints['head'] = joints['neck'] + head @ (body.skull * 0.12, body.head, 0.0)
    for side, sign, arm, leg in (
        ('r', 1, pose.r_arm, pose.r_leg),
        ('l', -1, pose.l_arm, pose.l_leg),
    ):
        _add_arm(joints, frames, body, side, sign, arm)
        _add_leg(joints, frames, body, side, sign, leg)
    return Skeleton(body, joints, frames)


def _add_arm(joints: dict, frames: dict, body: Body, side: str, sign: int, arm: Arm) -> None:
    raised, spread, turned, bent = arm
    chest = frames['chest']
    # Raised arms lift the shoulders.
    lift = 0.25 * body.shoulders * max(0.0, min(abs(raised) + abs(spread), 180.0) - 60.0) / 120
    upper = chest @ pitch(raised) @ roll(-sign * spread) @ yaw(-sign * turned)
    lower = upper @ pitch(bent)
    shoulder = joints['throat'] + chest @ (0.0, lift - 0.1 * body.ribs, sign * body.shoulders)
    joints[side + 'sho'] = shoulder
    joints[side + 'elb'] = shoulder + upper @ (0.0, -body.upper_arm, 0.0)
    joints[side + 'wri'] = joints[side + 'elb'] + lower @ (0.0, -body.forearm, 0.0)
    joints[side + 'han'] = joints[side + 'wri'] + lower @ (0.0, -body.hand, 0.0)
    frames[side + 'hand'] = lower


def _add_leg(joints: dict, frames: dict, body: Body, side: str, sign: int, leg: Leg) -> None:
    raised, spread, turned, bent, down = leg
    upper = frames['pelvis'] @ pitch(raised) @ roll(-sign * spread) @ yaw(sign * turned)
    lower = upper @ pitch(-bent)
    foot = lower @ pitch(-down)
    joints[side + 'hip'] = frames['pelvis'] @ (0.0, 0.0, sign * body.hips)
    joints[side + 'kne'] = joints[side + 'hip'] + upper @ (0.0, -body.thigh, 0.0)
    ankle = joints[side + 'kne'] + lower @ (0.0, -body.shank, 0.0)
    joints[side + 'ank'] = ankle
    joints[side + 'hee'] = ankle + foot @ (-0.25 * body.foot, -0.7 * body.ankle, 0.0)
    joints[side + 'toe'] = ankle + foot @ (0.75 * body.foot, -0.8 * body.ankle, 0.0)
    frames[side + 'foot'] = foot
