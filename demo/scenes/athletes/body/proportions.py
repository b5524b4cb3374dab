"""The proportions of a body.

Source of the lengths, as shares of the stature: Drillis and Contini, in Winter, Biomechanics and
Motor Control of Human Movement. The joints of hips and shoulders lie further
in than the breadths given there.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Body:
    """Lengths and thicknesses of a body in meters.

    Attributes:
        stature: From the soles to the crown.
        broad: Thickness of the limbs, 1 for lean.
        female: Whether the shoulders are narrower and the hips wider.
    """

    stature: float
    broad: float
    female: bool

    @property
    def thigh(self) -> float:
        """Hip to knee."""
        return 0.245 * self.stature

    @property
    def shank(self) -> float:
        """Knee to ankle."""
        return 0.246 * self.stature

    @property
    def ankle(self) -> float:
        """Height of the ankle over the sole."""
        return 0.039 * self.stature

    @property
    def foot(self) -> float:
        """Heel to toe."""
        return 0.152 * self.stature

    @property
    def upper_arm(self) -> float:
        """Shoulder to elbow."""
        return 0.186 * self.stature

    @property
    def forearm(self) -> float:
        """Elbow to wrist."""
        return 0.146 * self.stature

    @property
    def hand(self) -> float:
        """Wrist to the middle of the fingers."""
        return 0.075 * self.stature

    @property
    def belly(self) -> float:
        """Middle of the hips to the waist."""
        return 0.11 * self.stature

    @property
    def ribs(self) -> float:
        """Waist to the pit of the throat."""
        return 0.195 * self.stature

    @property
    def neck(self) -> float:
        """Pit of the throat to the middle of the neck."""
        return 0.03 * self.stature

    @property
    def head(self) -> float:
        """Middle of the neck to the middle of the skull."""
        return 0.078 * self.stature

    @property
    def skull(self) -> float:
        """Radius of the skull."""
        return 0.052 * self.stature

    @property
    def shoulders(self) -> float:
        """Middle of the body to the joint of a shoulder."""
        return (0.103 if self.female else 0.112) * self.stature

    @property
    def hips(self) -> float:
        """Middle of the body to the joint of a hip."""
        return (0.05 if self.female else 0.047) * self.stature


def sample_body(rng: Random, broad: float = 1.0) -> Body:
    """Sample a body; athletes are lean (``broad`` 1), others broader."""
    female = rng.random() < 0.5
    stature = rng.gauss(1.72 if female else 1.84, 0.06)
    return Body(min(max(stature, 1.5), 2.05), broad * rng.uniform(0.88, 1.12), female)
