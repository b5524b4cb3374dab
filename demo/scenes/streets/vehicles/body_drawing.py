"""Drawing the faces of a vehicle's body that are visible."""

from collections.abc import Sequence
from math import cos, pi, sin

from ...drawing.canvas import Canvas, Pixel
from ...drawing.light import Color
from ..placement import Placement
from .body import Body

_CIRCLE = [(cos(pi * i / 6), sin(pi * i / 6)) for i in range(12)]
_MATERIALS: dict[str, Color] = {
    'glass': (62, 54, 46),
    'plate': (225, 228, 228),
    'dark': (34, 33, 32),
    'trim': (90, 90, 90),
    'tail': (30, 26, 150),
    'head': (225, 225, 220),
    'board': (30, 30, 30),
}

_GLOW: dict[str, Color] = {'tail': (60, 50, 255), 'head': (235, 255, 255), 'board': (40, 170, 250)}


def _within(quad: Sequence[Pixel], u: float, v: float) -> Pixel:
    """The point at (u, v) of a quad (left start, right start, right end, left end)."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    start_x, start_y = ax + (bx - ax) * u, ay + (by - ay) * u
    end_x, end_y = dx + (cx - dx) * u, dy + (cy - dy) * u
    return start_x + (end_x - start_x) * v, start_y + (end_y - start_y) * v


def _is_front_facing(quad: Sequence[Pixel]) -> bool:
    """Whether a strip shows its outside: its corners then run counterclockwise."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    return (cx - ax) * (dy - by) - (cy - ay) * (dx - bx) < 0


def _visible_side(left: Sequence[Pixel], right: Sequence[Pixel]) -> int:
    """-1 or +1 for the side that shows its outside, 0 for none; both run from rear to front."""
    for side, outline in ((-1, left), (1, right)):
        ends = zip(outline, (*outline[1:], outline[0]), strict=True)
        if side * sum(ax * by - ay * bx for (ax, ay), (bx, by) in ends) > 0:
            return side
    return 0


class _Painter:
    """Projects and lights the parts of one body."""

    def __init__(self, canvas: Canvas, placement: Placement, label: int) -> None:
        self.canvas, self.placement, self.label = canvas, placement, label
        self.shaded = 0.9 * canvas.shade_at(placement.x, placement.z)
        self.sin, self.cos = sin(placement.heading), cos(placement.heading)

    def project(self, ahead: float, up: float, right: float) -> Pixel:
        x = self.placement.x + ahead * self.sin + right * self.cos
        z = self.placement.z + ahead * self.cos - right * self.sin
        return self.canvas.camera.project_point(x, up, z)

    def tone(self, base: Color, ahead: float, up: float, right: float) -> Color:
        """A paint's tone on a face with this normal, in the vehicle's own axes."""
        normal = (ahead * self.sin + right * self.cos, up, ahead * self.cos - right * self.sin)
        light = self.canvas.light
        tone = light.tone(base, light.gain_on(normal, self.shaded), self.placement.z)
        # Paint and glass mirror some of the sky.
        mirror = (0.06 + 0.1 * max(up, 0.0)) * (1 - self.shaded)
        return (
            tone[0] + mirror * (light.haze[0] - tone[0]),
            tone[1] + mirror * (light.haze[1] - tone[1]),
            tone[2] + mirror * (light.haze[2] - tone[2]),
        )


def draw_body(
    canvas: Canvas, body: Body, placement: Placement, color: Color, second: Color, label: int
) -> None:
    """Draw the visible faces of a body.

    Args:
        canvas: What is drawn on.
        body: Its shape.
        placement: Where it stands.
        color: Its paint.
        second: Its second color, of stripes and trims.
        label: Train id.
    """
    painter = _Painter(canvas, placement, label)
    small = canvas.camera.scale(placement.z) < 14  # pixels per meter

    def half(height: float) -> float:
        above = min(max((height - body.belt) / 0.6, 0.0), 1.0)
        return body.width / 2 * (1 - body.lean * above)

    _draw_below(painter, body)
    left = [painter.project(a, h, -half(h)) for a, h in body.outline]
    right = [painter.project(a, h, half(h)) for a, h in body.outline]
    side = _visible_side(left, right)
    for i in range(len(left) - 1):
        quad = (left[i], right[i], right[i + 1], left[i + 1])
        if not _is_front_facing(quad):
            continue
        (a0, h0), (a1, h1) = body.outline[i], body.outline[i + 1]
        length = max(((a1 - a0) ** 2 + (h1 - h0) ** 2) ** 0.5, 1e-6)
        normal = ((h0 - h1) / length, (a1 - a0) / length, 0.0)
        canvas.fill(quad, painter.tone(color, *normal), label)
        for u0, v0, u1, v1, kind in body.patches.get(i, ()):
            if small and kind in ('plate', 'trim', 'dark'):
                continue
            patch = [_within(quad, u, v) for u, v in ((u0, v0), (u1, v0), (u1, v1), (u0, v1))]
            if canvas.light.lamps and kind in _GLOW:
                canvas.fill(patch, _GLOW[kind])
            else:
                canvas.fill(patch, painter.tone(_MATERIALS.get(kind, second), *normal))
    if not side:
        return
    canvas.fill(left if side < 0 else right, painter.tone(color, 0.0, 0.0, side), label)
    for polygons, paint in ((body.stripes, second), (body.windows, _MATERIALS['glass'])):
        tone = painter.tone(paint, 0.0, 0.0, side)
        for polygon in polygons:
            canvas.fill([painter.project(a, h, side * half(h)) for a, h in polygon], tone)
    _draw_wheels(painter, body, side)


def _draw_below(painter: _Painter, body: Body) -> None:
    """Draw the dark below the body, which stays road, and the treads of the nearest wheels."""
    ahead = [a for a, _ in body.outline]
    low = body.outline[0][1]
    rear, front, half = min(ahead) * 0.97, max(ahead) * 0.97, body.width * 0.48
    ground = [(rear, -half), (front, -half), (front, half), (rear, half)]
    dark = painter.tone((26, 25, 24), 0.0, -0.5, 0.0)
    painter.canvas.fill([painter.project(a, 0.02, r) for a, r in ground], dark)
    if not body.wheels or abs(painter.cos) < 0.5:
        return
    rubber = painter.tone((30, 28, 28), 0.0, 0.0, 0.0)
    at, radius = min(body.wheels) if painter.cos > 0 else max(body.wheels)
    at -= 0.6 * radius * (1 if painter.cos > 0 else -1)
    for edge in (-1, 1):
        outer, inner = edge * body.width * 0.48, edge * body.width * 0.36
        corners = ((outer, 0.0), (outer, low + 0.1), (inner, low + 0.1), (inner, 0.0))
        tread = [painter.project(at, up, right) for right, up in corners]
        painter.canvas.fill(tread, rubber, painter.label)


def _draw_wheels(painter: _Painter, body: Body, side: int) -> None:
    rubber = painter.tone((30, 28, 28), 0.0, 0.3, 0.0)
    metal = painter.tone((120, 120, 118), 0.0, 0.0, side)
    right = side * body.width / 2
    for at, radius in body.wheels:
        for share, color, label in ((1.0, rubber, painter.label), (0.58, metal, None)):
            disc = [
                painter.project(at + share * radius * a, radius * (1 + share * b), right)
                for a, b in _CIRCLE
            ]
            painter.canvas.fill(disc, color, label)
