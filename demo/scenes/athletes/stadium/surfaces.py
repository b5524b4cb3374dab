"""Track, grass and sand."""

from random import Random

from ...drawing.canvas import Canvas
from ...drawing.classes import ROAD, SIDEWALK
from ...drawing.ground import draw_open_ground
from ...drawing.light import Color, scale_color
from .path import Path, fill_strip
from .stadium import Stadium

LANE = 1.22  # meters, from the rules of athletics, as are all lengths here
LINE = 0.05
RUNWAY = 1.22
PIT = 2.85
LONG = 90.0  # meters to either side, beyond every image
_WHITE: Color = (235, 235, 235)


def draw_grass(canvas: Canvas, rng: Random, stadium: Stadium, path: Path) -> None:
    """Cover all ground with grass, mown in stripes."""
    draw_open_ground(canvas)
    width, start = rng.uniform(3.0, 6.0), rng.uniform(0, 6)
    dark = scale_color(stadium.grass, 0.88)
    fill_strip(canvas, path, (-LONG, LONG), (-LONG, LONG), stadium.grass, SIDEWALK)
    for i in range(int(-LONG / width / 2), int(LONG / width / 2)):
        left = start + 2 * i * width
        fill_strip(canvas, path, (left, left + width), (-LONG, LONG), dark)


def draw_lanes(canvas: Canvas, stadium: Stadium, path: Path, right: float, lanes: int = 8) -> None:
    """A track along a path; its right edge lies ``right`` meters to the right of the path."""
    left = right - lanes * LANE
    fill_strip(canvas, path, (-LONG, LONG), (left - 0.3, right + 0.3), stadium.track, ROAD)
    for lane in range(lanes + 1):
        edge = left + lane * LANE
        fill_strip(canvas, path, (-LONG, LONG), (edge - LINE / 2, edge + LINE / 2), _WHITE)


def draw_apron(canvas: Canvas, stadium: Stadium, path: Path, reach: float) -> None:
    """Track surface all around, as behind the curve where the high jumpers start."""
    fill_strip(canvas, path, (-reach, reach), (-reach, reach), stadium.track, ROAD)


def draw_runway(canvas: Canvas, stadium: Stadium, path: Path, end: float) -> None:
    """A runway between white lines that ends ``end`` meters ahead."""
    half = RUNWAY / 2
    fill_strip(canvas, path, (-45, end), (-half - 0.35, half + 0.35), stadium.track, ROAD)
    for side in (-1, 1):
        inner, outer = sorted((side * half, side * (half + LINE)))
        fill_strip(canvas, path, (-45, end), (inner, outer), _WHITE)


def draw_pit(canvas: Canvas, rng: Random, stadium: Stadium, path: Path, start: float) -> None:
    """The take-off board and the pit of sand, which starts ``start`` meters ahead."""
    half = PIT / 2
    board = start - rng.choice((1.0, 2.0, 3.0))
    fill_strip(canvas, path, (board - 0.2, board), (-0.61, 0.61), (240, 240, 240))
    fill_strip(canvas, path, (board, board + 0.1), (-0.61, 0.61), (60, 150, 60))
    edge = scale_color(stadium.sand, 0.55)
    fill_strip(canvas, path, (start - 0.1, start + 9.1), (-half - 0.1, half + 0.1), edge)
    fill_strip(canvas, path, (start, start + 9), (-half, half), stadium.sand, ROAD)
    for _ in range(14):  # where others have landed
        a, r = start + rng.uniform(2, 8.4), rng.uniform(-half + 0.3, half - 0.6)
        by = rng.choice((0.86, 0.92, 1.08))
        length, width = rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.4)
        fill_strip(canvas, path, (a, a + length), (r, r + width), scale_color(stadium.sand, by))
