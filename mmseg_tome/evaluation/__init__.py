"""Metrics, registered in MMSegmentation's `METRICS`."""

from .small_iou_metric import SmallIoUMetric

__all__ = ['SmallIoUMetric']
