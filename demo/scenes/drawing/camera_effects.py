"""What makes a drawing look photographed: stains, exposure, blur, sensor noise, compression."""

from random import Random

import cv2
import numpy as np

from . import noise
from .canvas import Canvas
from .classes import BUILDING, FENCE, IGNORE, POLE, SKY, TERRAIN, VEGETATION, WALL

_ROUGHNESS = np.full(256, 5, np.uint8)  # strength of stains and grain, by class
_ROUGHNESS[[BUILDING, WALL]] = 10, 13
_ROUGHNESS[[FENCE, POLE]] = 8, 6
_ROUGHNESS[[VEGETATION, TERRAIN]] = 14, 16
_ROUGHNESS[[SKY, IGNORE]] = 0, 4


def add_camera_effects(canvas: Canvas, rng: Random) -> None:
    """Turn the drawn image into what a camera would have stored, in place."""
    height, width = canvas.labels.shape
    image = canvas.image
    stains = noise.crop(noise.grit(), rng, height, width)
    rough = cv2.LUT(canvas.labels, _ROUGHNESS)
    change = cv2.multiply(stains, rough, scale=1 / 100, dtype=cv2.CV_16S)
    cv2.add(image, cv2.merge((change, change, change)), image, dtype=cv2.CV_8U)

    # Exposure, contrast and white balance as one curve per channel.
    steps = np.arange(256, dtype=np.float32) / 255
    gamma, exposure = rng.uniform(0.85, 1.2), rng.uniform(0.88, 1.12)
    warm = rng.gauss(0.0, 0.03)
    curves = [
        np.clip((steps * exposure * balance) ** gamma * 255, 0, 255)
        for balance in (1 - warm, 1.0, 1 + warm)
    ]
    curve = np.rint(np.stack(curves, -1)).astype(np.uint8)[None]
    cv2.LUT(image, curve, image)

    blur = rng.uniform(0.35, 0.8)
    cv2.GaussianBlur(image, (3, 3), blur, image)

    strength = rng.uniform(0.02, 0.1)
    grain = noise.crop(noise.sensor(), rng, height, width)
    cv2.addWeighted(image, 1.0, grain, strength, -128 * strength, image)

    # Chroma subsampling: compression keeps every second color value in both directions.
    brightness, *colors = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))
    half = ((width + 1) // 2, (height + 1) // 2)
    thinned = [
        cv2.resize(cv2.resize(c, half, interpolation=cv2.INTER_AREA), (width, height))
        for c in colors
    ]
    cv2.cvtColor(cv2.merge((brightness, *thinned)), cv2.COLOR_YCrCb2BGR, image)
