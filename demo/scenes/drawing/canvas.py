"""The canvas: a camera, a light, and the image and label map that are drawn with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import cv2
import numpy as np

from . import noise
from .camera import Camera
from .light import Color, Light

_SHIFT = 4  # cv2 takes coordinates in sixteenths of a pixel
_ONE = 1 << _SHIFT

Pixel = tuple[float, float]  # column, row

Outline = np.ndarray | Sequence[Pixel]  # [n, 2]


def _fixed(points: Outline) -> np.ndarray:
    return (np.asarray(points) * _ONE).astype(np.int32)


@dataclass
class Canvas:
    """An image and its labels, and the camera and light that they are drawn with.

    Both are filled by the same outlines. Details within an outline (windows, lamps) are drawn
    without a label.

    Attributes:
        camera: Projects world points to pixels.
        light: Lights colors.
        image: ``[H, W, 3]`` uint8, blue-green-red.
        labels: ``[H, W]`` uint8 train ids.
        shade: ``[H, W]`` uint8, 255 where the ground lies in the shadow of something tall.
    """

    camera: Camera
    light: Light
    image: np.ndarray
    labels: np.ndarray
    shade: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.shade = np.zeros(self.labels.shape, np.uint8)

    def fill(self, pixels: Outline, color: Color, label: int | None = None) -> None:
        """Fill a polygon ``[n, 2]`` in pixels; without a label the labels below stay."""
        points = [_fixed(pixels)]
        cv2.fillPoly(self.image, points, color, cv2.LINE_AA, _SHIFT)
        if label is not None:
            cv2.fillPoly(self.labels, points, label, cv2.LINE_8, _SHIFT)

    def fill_polygons(self, pixels: np.ndarray, color: Color) -> None:
        """Fill polygons that do not overlap, ``[polygons, n, 2]`` in pixels, with one color."""
        if len(pixels):
            cv2.fillPoly(self.image, list(_fixed(pixels)), color, cv2.LINE_AA, _SHIFT)

    def fill_labels(self, pixels: Outline, label: int) -> None:
        """Label a polygon ``[n, 2]`` in pixels without drawing it."""
        cv2.fillPoly(self.labels, [_fixed(pixels)], label, cv2.LINE_8, _SHIFT)

    def stroke(
        self, start: Pixel, end: Pixel, width: float, color: Color, label: int | None = None
    ) -> None:
        """Draw a stroke with round ends, ``width`` pixels wide, at least 1."""
        a = int(start[0] * _ONE), int(start[1] * _ONE)
        b = int(end[0] * _ONE), int(end[1] * _ONE)
        thick = max(1, round(width))
        cv2.line(self.image, a, b, color, thick, cv2.LINE_AA, _SHIFT)
        if label is not None:
            cv2.line(self.labels, a, b, label, thick, cv2.LINE_8, _SHIFT)

    def closed_line(self, pixels: Outline, width: float, color: Color, label: int) -> None:
        """Draw a closed line, ``width`` pixels wide, at least 1."""
        points, thick = [_fixed(pixels)], max(1, round(width))
        cv2.polylines(self.image, points, True, color, thick, cv2.LINE_AA, _SHIFT)
        cv2.polylines(self.labels, points, True, label, thick, cv2.LINE_8, _SHIFT)

    def bar(
        self,
        start: tuple[float, float, float],
        end: tuple[float, float, float],
        width: float,
        color: Color,
        label: int,
    ) -> tuple[Pixel, Pixel]:
        """Draw a straight bar between two world points, ``width`` meters wide.

        However far away, it stays 2 pixels wide in a image 1024 pixels wide (1 at 512 and less).

        Returns:
            The pixels of its two ends.
        """
        least = max(1.0, self.camera.width / 512)
        a, b = self.camera.project_point(*start), self.camera.project_point(*end)
        along = b[0] - a[0], b[1] - a[1]
        length = max((along[0] ** 2 + along[1] ** 2) ** 0.5, 1e-6)
        across = -along[1] / length, along[0] / length
        # cv2 fills the outline's own pixels too, half a pixel on either side.
        at_a = (max(least, width * self.camera.scale(start[2])) - 1) / 2
        at_b = (max(least, width * self.camera.scale(end[2])) - 1) / 2
        quad = (
            (a[0] - across[0] * at_a, a[1] - across[1] * at_a),
            (a[0] + across[0] * at_a, a[1] + across[1] * at_a),
            (b[0] + across[0] * at_b, b[1] + across[1] * at_b),
            (b[0] - across[0] * at_b, b[1] - across[1] * at_b),
        )
        self.fill(quad, color, label)
        return a, b

    def fill_texture(
        self, pixels: np.ndarray, bank: np.ndarray, rng: Random, colors: np.ndarray, label: int
    ) -> None:
        """Fill the polygon ``[n, 2]`` in pixels with a crop of ``bank``.

        Args:
            pixels: The polygon.
            bank: One of the textures in ``noise``.
            rng: Samples where the crop is taken.
            colors: ``[256, 1, 3]`` uint8, the color of each noise value; see ``ramp``.
            label: The label of the polygon.
        """
        height, width = self.labels.shape
        # One random number whatever is visible, so that what follows does not depend on the size.
        texture_rng = Random(rng.getrandbits(32))
        left, top = np.maximum(np.floor(pixels.min(0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(pixels.max(0)).astype(int) + 2, (width, height))
        if left >= right or top >= bottom:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [_fixed(pixels - (left, top))], 255, cv2.LINE_8, _SHIFT)
        texture = noise.crop(bank, texture_rng, bottom - top, right - left)
        cv2.copyTo(cv2.applyColorMap(texture, colors), mask, self.image[top:bottom, left:right])
        self.labels[top:bottom, left:right][mask > 0] = label

    def shade_at(self, x: float, z: float) -> float:
        """How deep the ground point at (x, z) meters lies in a tall object's shadow, 0 to 1."""
        column, row = self.camera.project_point(x, 0.0, z)
        height, width = self.shade.shape
        row, column = min(max(int(row), 0), height - 1), min(max(int(column), 0), width - 1)
        return float(self.shade[row, column]) / 255


def ramp(dark: Color, bright: Color) -> np.ndarray:
    """Colors from ``dark`` to ``bright``, ``[256, 1, 3]`` uint8, for noise values 0 to 255."""
    low, high = np.array(dark, np.float32), np.array(bright, np.float32)
    colors = low + (high - low) * _STEPS
    return np.minimum(colors, 255).astype(np.uint8)


_STEPS = np.linspace(0.0, 1.0, 256, dtype=np.float32)[:, None, None]
