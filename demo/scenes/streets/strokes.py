"""People and two-wheelers drawn as thick lines."""

from dataclasses import dataclass
from math import cos, sin

from ..drawing.canvas import Canvas, Pixel
from ..drawing.light import Color
from .placement import Placement

Point3 = tuple[float, float, float]  # meters ahead of the person's middle, up, to its right


@dataclass(frozen=True)
class Stroke:
    """A thick line, ``width`` meters wide; without a label it is a detail."""

    start: Point3
    end: Point3
    width: float
    color: Color
    label: int | None


def draw_strokes(canvas: Canvas, placement: Placement, strokes: list[Stroke]) -> None:
    """Draw strokes in their order, lit like upright objects."""
    camera, light = canvas.camera, canvas.light
    ahead, right = sin(placement.heading), cos(placement.heading)
    shaded = 0.9 * canvas.shade_at(placement.x, placement.z)
    front, top = light.gain_on((0.0, 0.35, -0.9), shaded), light.gain_on((0.0, 1.0, 0.0), shaded)
    gain = tuple(0.5 * f + 0.4 * t for f, t in zip(front, top, strict=True))
    scale = camera.scale(placement.z)

    def pixel(spot: Point3) -> Pixel:
        x = placement.x + spot[0] * ahead + spot[2] * right
        return camera.project_point(x, spot[1], placement.z + spot[0] * right - spot[2] * ahead)

    for stroke in strokes:
        color = light.tone(stroke.color, gain, placement.z)
        width = stroke.width * scale
        canvas.stroke(pixel(stroke.start), pixel(stroke.end), width, color, stroke.label)
