"""Metrics, registered in MMSegmentation's or MMPose's `METRICS`, whichever is installed."""

from importlib.util import find_spec

__all__ = []

if find_spec('mmseg') is not None:
    from .small_iou_metric import SmallIoUMetric

    __all__ += ['SmallIoUMetric']

if find_spec('mmpose') is not None:
    from .pck_metric import PCKMetric

    __all__ += ['PCKMetric']
