"""Lets mmseg's ``browse_dataset`` draw: OpenCV takes no image whose channels come first in memory.

The tool gives the visualizer an image that it has turned from ``[C, H, W]``, and numpy makes the
mask to draw on in the same layout.
"""

import functools
from typing import Any

import numpy as np


def patch() -> tuple[str, ...]:
    """Give mmseg's visualizer images in the layout that OpenCV takes.

    Imports ``mmseg.visualization``, so it is not for the start, but for running a tool.
    """
    from mmseg.visualization import SegLocalVisualizer

    original = SegLocalVisualizer._draw_sem_seg
    if getattr(original, 'takes_any_layout', False):
        return ()

    @functools.wraps(original)
    def _draw_sem_seg(self: Any, image: np.ndarray, *args: Any, **kwargs: Any) -> Any:
        return original(self, np.ascontiguousarray(image), *args, **kwargs)

    _draw_sem_seg.takes_any_layout = True
    SegLocalVisualizer._draw_sem_seg = _draw_sem_seg
    return ('mmseg SegLocalVisualizer',)
