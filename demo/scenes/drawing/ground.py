"""The open ground of an outdoor scene, and the shadows and grain that lie on all ground."""

from random import Random

import cv2
import numpy as np

from . import noise
from .canvas import Canvas
from .classes import ROAD, SIDEWALK, TERRAIN

UP = (0.0, 1.0, 0.0)


def draw_open_ground(canvas: Canvas) -> None:
    """Cover all ground with grass, for others to draw on."""
    top = min(max(int(canvas.camera.ground_end), 0), canvas.camera.height - 1)
    tone = canvas.light.tone((70, 110, 95), canvas.light.gain_on(UP), 60)
    corner = (canvas.camera.width, canvas.camera.height)
    cv2.rectangle(canvas.image, (0, top), corner, tone, cv2.FILLED)
    cv2.rectangle(canvas.labels, (0, top), corner, TERRAIN, cv2.FILLED)


def shade_ground(canvas: Canvas, rng: Random, shadows: np.ndarray) -> None:
    """Apply shadows to the ground, and the grain of asphalt, stone and grass in perspective.

    Args:
        canvas: What is drawn on; its ground is drawn and labeled already.
        rng: Samples the grain.
        shadows: ``[H, W]`` uint8, 255 where a shadow falls.
    """
    height, width = canvas.labels.shape
    camera, light = canvas.camera, canvas.light
    top = min(max(int(np.ceil(camera.ground_end)), 0), height - 2)
    rows = np.arange(top, height, dtype=np.float32)
    below = np.maximum(rows - camera.horizon + camera.focal * camera.rise * 40, 1.0)
    z = np.float32(camera.focal * camera.eye) / below
    columns = np.arange(width, dtype=np.float32) - np.float32(camera.center)
    per_meter = np.float32(38)
    map_x = cv2.gemm((z / np.float32(camera.focal) * per_meter)[:, None], columns[None], 1, None, 0)
    map_x += np.float32(rng.uniform(500, 2000))
    map_y = np.empty_like(map_x)
    map_y[:] = (z * per_meter * np.float32(0.5))[:, None]
    grain = cv2.remap(noise.leaves(), map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    strength = np.zeros(256, np.uint8)
    strength[ROAD], strength[SIDEWALK], strength[TERRAIN] = 20, 20, 64
    strength = cv2.LUT(canvas.labels[top:], (strength * rng.uniform(0.5, 1.3)).astype(np.uint8))
    # Far away the grain averages out.
    strength = strength * np.minimum(np.float32(10) / z, 1)[:, None]
    grain = cv2.subtract(grain, 128.0, dtype=cv2.CV_16S)
    gain = cv2.multiply(strength, grain, scale=1 / 128 / 128, dtype=cv2.CV_32F)
    cv2.add(gain, 1.0, gain)

    lit, dark = light.gain_on(UP), light.gain_on(UP, shaded=1.0)
    soft = max(1, width // 512) * 2 + 1
    shadow = cv2.multiply(cv2.blur(shadows[top:], (soft, soft)), gain, dtype=cv2.CV_32F)
    factors = [
        cv2.addWeighted(gain, 1.0, shadow, 0.9 / 255 * (d / b - 1), 0.0)
        for d, b in zip(dark, lit, strict=True)
    ]
    part = canvas.image[top:]
    cv2.multiply(part, cv2.merge(factors), part, dtype=cv2.CV_8U)
