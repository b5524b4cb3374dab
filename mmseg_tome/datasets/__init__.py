"""Data sets, registered in the `DATASETS` of MMSegmentation and of MMPose.

Modules that write data of their own, like `mmseg_tome.datasets.streets`, need no OpenMMLab, so
the registered classes are imported only where their framework is installed.
"""

from importlib.util import find_spec

__all__ = []

if find_spec('mmseg') is not None:
    from .camvid import CamVidDataset

    __all__ += ['CamVidDataset']

if find_spec('mmpose') is not None:
    from .jbd import JBDDataset

    __all__ += ['JBDDataset']
