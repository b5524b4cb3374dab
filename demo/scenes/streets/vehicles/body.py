"""Shapes of vehicles: side outlines that are extruded to the vehicle's width."""

from dataclasses import dataclass, field

Point = tuple[float, float]  # (meters ahead of the vehicle's middle, meters above the ground)

Patch = tuple[float, float, float, float, str]  # u0, v0, u1, v1 within a strip, and what it is


@dataclass(frozen=True)
class Body:
    """The shape of a vehicle, or of a part of one.

    Attributes:
        outline: Side view, from the lower rear corner over the roof to the lower front corner.
        width: Full width in meters.
        belt: Height above which the sides lean inwards.
        lean: Share of the half width that is gone at the roof.
        windows: Polygons of glass in the side view.
        stripes: Polygons in the second color in the side view.
        wheels: (meters ahead of the middle, radius) of the wheels.
        patches: Glass, lamps and plates on the strips between neighboring points of the outline,
            by the number of the strip. u runs over the width, v along the outline; what is none
            of the known finishes takes the second color.
    """

    outline: tuple[Point, ...]
    width: float
    belt: float = 9.0
    lean: float = 0.0
    windows: tuple[tuple[Point, ...], ...] = ()
    stripes: tuple[tuple[Point, ...], ...] = ()
    wheels: tuple[tuple[float, float], ...] = ()
    patches: dict[int, tuple[Patch, ...]] = field(default_factory=dict)
