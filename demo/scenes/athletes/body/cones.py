"""Ray tracing of round cones: the nearest surface at every pixel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...drawing.light import Color

NOTHING = np.float32(np.inf)


@dataclass(frozen=True)
class Cone:
    """A cone with round ends; a ball if both ends are in one place.

    Attributes:
        start: One end ``[3]`` in meters: to the right, up, and away from the camera.
        end: The other end.
        start_radius: Radius at the start in meters.
        end_radius: Radius at the end in meters.
        paints: (share of the length, color): the color from that share on.
        name: The part of the body, or an empty text.
    """

    start: np.ndarray
    end: np.ndarray
    start_radius: float
    end_radius: float
    paints: tuple[tuple[float, Color], ...]
    name: str


@dataclass
class Surface:
    """The nearest surface at every pixel of a rectangle.

    Attributes:
        depth: ``[h, w]`` float32 distance behind the origin in pixels; infinite where nothing is.
        normal: ``[3, h, w]`` float32 unit vectors to the right, up, and away.
        paint: ``[h, w]`` uint16 row in ``colors``.
        cone: ``[h, w]`` int16 number of the cone; -1 where nothing is.
        colors: Colors of all paints.
    """

    depth: np.ndarray
    normal: np.ndarray
    paint: np.ndarray
    cone: np.ndarray
    colors: list[Color]


def trace(cones: Sequence[Cone], places: np.ndarray, radii: np.ndarray, shape) -> Surface:
    """Find the nearest surface at every pixel, looking along z.

    Args:
        cones: The cones.
        places: ``[n, 2, 3]`` column, row and distance of both ends, in pixels.
        radii: ``[n, 2]`` radii of both ends in pixels.
        shape: Rows and columns of the rectangle.

    Returns:
        The surface; its first pixel is column 0, row 0.
    """
    surface = Surface(
        depth=np.full(shape, NOTHING, np.float32),
        normal=np.zeros((3, *shape), np.float32),
        paint=np.zeros(shape, np.uint16),
        cone=np.full(shape, -1, np.int16),
        colors=[],
    )
    for number, (cone, ends, radius) in enumerate(zip(cones, places, radii, strict=True)):
        _trace_one(surface, number, cone, ends, radius)
    return surface


def _trace_one(surface: Surface, number: int, cone: Cone, ends: np.ndarray, radius) -> None:
    rows, columns = surface.depth.shape
    low = np.floor((ends[:, :2] - radius[:, None]).min(0)).astype(int)
    high = np.ceil((ends[:, :2] + radius[:, None]).max(0)).astype(int) + 1
    left, top = max(low[0], 0), max(low[1], 0)
    right, bottom = min(high[0], columns), min(high[1], rows)
    first_paint = len(surface.colors)
    surface.colors += [color for _, color in cone.paints]
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right, dtype=np.float32)[None] - np.float32(ends[0, 0])
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(ends[0, 1])
    z, share, axis = _nearest(x, y, ends[1] - ends[0], float(radius[0]), float(radius[1]))

    window = slice(top, bottom), slice(left, right)
    depth = z + np.float32(ends[0, 2])
    nearer = depth < surface.depth[window]
    if not nearer.any():
        return
    np.copyto(surface.depth[window], depth, where=nearer)
    np.copyto(z, 0, where=~nearer)
    # From the axis to the surface, by its length.
    along = np.float32(ends[1] - ends[0])
    out = (x - axis * along[0], y - axis * along[1], z - axis * along[2])
    length = np.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2) + np.float32(1e-6)
    for channel, sign in enumerate((1, -1, 1)):  # rows count downward, the normal's y upward
        np.copyto(
            surface.normal[channel][window], np.float32(sign) * out[channel] / length, where=nearer
        )
    paint = np.full(nearer.shape, first_paint, np.uint16)
    for start, _ in cone.paints[1:]:
        paint += share > start
    np.copyto(surface.paint[window], paint, where=nearer)
    np.copyto(surface.cone[window], np.int16(number), where=nearer)


def _nearest(x: np.ndarray, y: np.ndarray, along: np.ndarray, start: float, end: float) -> tuple:
    """Distance to a round cone from (x, y) along z, seen from its start.

    A point of the cone's side lies on a sphere about a point of the axis whose radius grows evenly
    from ``start`` to ``end``. With both spheres' tangent points the side is a quadratic in z.

    Returns:
        Distance (infinite where it is missed), and the shares of the way along the axis from which
        the surface is painted and lit.
    """
    vx, vy, vz = (np.float32(value) for value in along)
    flat = x * x + y * y
    z = np.full(flat.shape, NOTHING, np.float32)
    share = np.zeros(flat.shape, np.float32)

    inside = np.float32(start**2) - flat
    np.copyto(z, -np.sqrt(np.maximum(inside, 0)), where=inside > 0)
    far = (x - vx) ** 2 + (y - vy) ** 2
    inside = np.float32(end**2) - far
    ball = vz - np.sqrt(np.maximum(inside, 0))
    nearer = (inside > 0) & (ball < z)
    np.copyto(z, ball, where=nearer)
    np.copyto(share, np.float32(1), where=nearer)

    # |(x, y, z) - s·v| = start + s·(end - start), at the s that makes it touch: with
    # m = (x, y, z)·v and d = end - start that is (m + d·start)² = (|v|² - d²)·(|(x,y,z)|² - start²)
    length = float(vx) ** 2 + float(vy) ** 2 + float(vz) ** 2
    d = end - start
    whole = np.float32(length - d * d)
    if whole <= 0:  # one ball holds the other
        return z, share, share
    across = x * vx + y * vy + np.float32(d * start)
    square = whole - vz * vz
    if square <= 1e-3 * whole:  # it points at the camera: the balls are all that shows
        return z, share, share
    half = across * vz
    rest = whole * (flat - np.float32(start**2)) - across * across
    root = half * half + square * -rest
    hit = root > 0
    side = (half - np.sqrt(np.maximum(root, 0))) / square
    position = (across + side * vz) / whole
    # Neighboring pixels of the same silhouette belong together, so the side is taken where it
    # touches between the two balls only.
    use = hit & (position > 0) & (position < 1) & (side < z)
    np.copyto(z, side, where=use)
    np.copyto(share, position, where=use)
    return z, share, share
