"""Data sets, registered in the `DATASETS` of MMSegmentation and of MMPose.

Modules that write data of their own, like `demo.scenes.streets`, need no OpenMMLab, so
the registered classes are imported only where MMSegmentation is installed. What needs MMPose,
`mmseg_tome.datasets.jbd`, is imported where the rest is registered in MMPose, so that a broken
MMPose does not stop segmentation.
"""

from importlib.util import find_spec

__all__ = []

if find_spec('mmseg') is not None:
    from .camvid import CamVidDataset

    __all__ += ['CamVidDataset']
