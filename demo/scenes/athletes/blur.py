"""What moves is blurred, and what is out of focus."""

from collections.abc import Sequence
from random import Random

import cv2
import numpy as np

from ..streets.stage import Stage
from .figure import Figure
from .scene import Scene


def blur_background(stage: Stage, rng: Random, scene: Scene, far: float) -> None:
    """Blur what is drawn so far: by distance, and along the way the camera follows.

    Args:
        stage: The picture, without the athlete.
        rng: Decides how much.
        scene: Whom the camera follows.
        far: Row above which everything is far away.
    """
    size = stage.camera.height / 1080
    focus, pan = rng.uniform(0, 2.6) * size, rng.random()
    end = min(max(int(far), 0), stage.camera.height)
    if focus > 0.3 and end > 8:
        part = stage.image[:end]
        cv2.GaussianBlur(part, (0, 0), focus, part)
    if pan < 0.6 and not scene.slow:
        across = abs(np.sin(np.radians(scene.path.heading)))
        length = int(scene.motion.travel * across * rng.uniform(2, 26) * size)
        if length > 1:
            cv2.blur(stage.image, (length, 1), stage.image)


def expose(figures: Sequence[Figure]) -> Figure:
    """One figure out of those of several moments; its depth is that of the middle one."""
    middle = figures[len(figures) // 2]
    if len(figures) == 1:
        return middle
    left, top = min(f.left for f in figures), min(f.top for f in figures)
    right = max(f.left + f.cover.shape[1] for f in figures)
    bottom = max(f.top + f.cover.shape[0] for f in figures)
    shape = bottom - top, right - left
    color, cover = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    depth = np.full(shape, np.inf, np.float32)
    for figure in figures:
        rows = slice(figure.top - top, figure.top - top + figure.cover.shape[0])
        columns = slice(figure.left - left, figure.left - left + figure.cover.shape[1])
        color[rows, columns] += figure.color / len(figures)
        cover[rows, columns] += figure.cover / len(figures)
        if figure is middle:
            depth[rows, columns] = figure.depth
    # Few moments stand for all: what moved far between them is smeared over the gaps.
    soft = cv2.blur(np.dstack((color, cover)), (3, 3))
    return Figure(left, top, np.ascontiguousarray(soft[..., :3]), soft[..., 3], depth)
