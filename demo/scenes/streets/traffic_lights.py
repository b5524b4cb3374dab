"""Traffic lights."""

from random import Random

from ..drawing.canvas import Canvas
from ..drawing.classes import POLE, TRAFFIC_LIGHT
from .shapes import FACING_CAMERA, box, draw_pole, project_all, ring


def _draw_heads(canvas: Canvas, rng: Random, x: float, y: float, z: float, lit: int) -> None:
    """Draw a housing with three lamps; the middle one is at (x, y, z)."""
    gain = canvas.light.gain_on(FACING_CAMERA)
    tone = canvas.light.tone((34, 38, 34), gain, z)
    if rng.random() < 0.3:  # the plate behind it, that sets it off against the sky
        board = box(x - 0.28, y - 0.62, x + 0.28, y + 0.62, z)
        canvas.fill(
            project_all(canvas, board), canvas.light.tone((20, 20, 20), gain, z), TRAFFIC_LIGHT
        )
    housing = box(x - 0.17, y - 0.48, x + 0.17, y + 0.48, z)
    canvas.fill(project_all(canvas, housing), tone, TRAFFIC_LIGHT)
    bright = ((70, 60, 255), (60, 190, 255), (150, 255, 90))
    dull = ((24, 24, 60), (20, 50, 64), (36, 54, 26))
    for lamp in range(3):
        on = lamp == lit
        color = bright[lamp] if on else canvas.light.tone(dull[lamp], gain, z)
        canvas.fill(project_all(canvas, ring(x, y + 0.3 - 0.3 * lamp, z, 0.12, 10, 0.0)), color)


def draw_traffic_light(
    canvas: Canvas, rng: Random, x: float, z: float, side: int, lit: int, reach: float
) -> None:
    """Draw a traffic light on a post.

    Args:
        canvas: What is drawn on.
        rng: Samples its looks.
        x: Meters to the right of the road's center line.
        z: Meters ahead of the camera.
        side: +1 to the right of the road, -1 to the left.
        lit: Which lamp is lit, 0 (red) to 2 (green).
        reach: Meters that an arm carries a second head over the road; 0 for no arm.
    """
    height = 5.6 if reach else 3.3
    tone = draw_pole(canvas, rng, x, z, height, 0.16 if reach else 0.12)
    if reach:
        over = x - side * reach
        canvas.bar((x, height - 0.1, z), (over, height - 0.02, z), 0.11, tone, POLE)
        _draw_heads(canvas, rng, over, height - 0.3, z - 0.05, lit)
    _draw_heads(canvas, rng, x, 2.75, z - 0.05, lit)
