"""Lets mmpose draw keypoints on numpy 2.4 and later.

Its visualizer turns an array with one element, the radius of a circle, into a number by ``int``,
which numpy no longer does. `MMPoseInferencer` and `mim test mmpose --show-dir` need it.
"""

import functools
from typing import Any

import numpy as np


def patch() -> tuple[str, ...]:
    """Give OpenCV's circles a number as radius, where numpy does not convert it.

    Imports mmpose, so it is not for the start, but for when mmpose has been imported anyway.
    """
    if _converts_arrays():
        return ()
    from mmpose.visualization.opencv_backend_visualizer import OpencvBackendVisualizer

    original = OpencvBackendVisualizer.draw_circles
    if getattr(original, 'takes_arrays', False):
        return ()

    @functools.wraps(original)
    def draw_circles(self: Any, center: Any, radius: Any, *args: Any, **kwargs: Any) -> Any:
        if self.backend == 'opencv' and isinstance(radius, np.ndarray):
            radius = radius.item()
        return original(self, center, radius, *args, **kwargs)

    draw_circles.takes_arrays = True
    OpencvBackendVisualizer.draw_circles = draw_circles
    return ('mmpose draw_circles',)


def _converts_arrays() -> bool:
    try:
        int(np.ones(1))
    except TypeError:
        return False
    return True
