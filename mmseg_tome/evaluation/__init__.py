"""Metrics, registered in the `METRICS` of MMSegmentation and of MMPose.

A registered class is imported where it is asked for, and so with its framework; `pck`, the measure
itself, needs no OpenMMLab.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pck_metric import PCKMetric
    from .small_iou_metric import SmallIoUMetric

__all__ = ['PCKMetric', 'SmallIoUMetric']


def __getattr__(name: str) -> type:
    if name == 'PCKMetric':
        from .pck_metric import PCKMetric

        return PCKMetric
    if name == 'SmallIoUMetric':
        from .small_iou_metric import SmallIoUMetric

        return SmallIoUMetric
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
