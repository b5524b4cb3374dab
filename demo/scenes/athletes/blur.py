"""Blur of what moves and of what is out of focus."""

from collections.abc import Sequence
from random import Random

import cv2
import numpy as np

from ..drawing.canvas import Canvas
from .body.sprite import Sprite
from .scene import Scene


def blur_background(canvas: Canvas, rng: Random, scene: Scene, far: float) -> None:
    """Blur the background: by distance, and along the direction in which the camera pans.

    Args:
        canvas: The image, still without the athlete.
        rng: Samples the strength.
        scene: The scene; the camera follows its athlete.
        far: Row in pixels above which everything is far away.
    """
    size = canvas.camera.height / 1080
    focus, pan = rng.uniform(0, 2.6) * size, rng.random()
    end = min(max(int(far), 0), canvas.camera.height)
    if focus > 0.3 and end > 8:
        part = canvas.image[:end]
        cv2.GaussianBlur(part, (0, 0), focus, part)
    if pan < 0.6 and not scene.slow:
        across = abs(np.sin(np.radians(scene.path.heading)))
        length = int(scene.motion.travel * across * rng.uniform(2, 26) * size)
        if length > 1:
            cv2.blur(canvas.image, (length, 1), canvas.image)


def blend_moments(sprites: Sequence[Sprite]) -> Sprite:
    """Average the sprites of several moments of one exposure; the depth is the middle one's."""
    middle = sprites[len(sprites) // 2]
    if len(sprites) == 1:
        return middle
    left, top = min(f.left for f in sprites), min(f.top for f in sprites)
    right = max(f.left + f.alpha.shape[1] for f in sprites)
    bottom = max(f.top + f.alpha.shape[0] for f in sprites)
    shape = bottom - top, right - left
    color, alpha = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    depth = np.full(shape, np.inf, np.float32)
    for sprite in sprites:
        rows = slice(sprite.top - top, sprite.top - top + sprite.alpha.shape[0])
        columns = slice(sprite.left - left, sprite.left - left + sprite.alpha.shape[1])
        color[rows, columns] += sprite.color / len(sprites)
        alpha[rows, columns] += sprite.alpha / len(sprites)
        if sprite is middle:
            depth[rows, columns] = sprite.depth
    # A few moments stand for the whole exposure: smear what moved far between them.
    soft = cv2.blur(np.dstack((color, alpha)), (3, 3))
    return Sprite(left, top, np.ascontiguousarray(soft[..., :3]), soft[..., 3], depth)
