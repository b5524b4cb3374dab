"""Data sets, registered in MMSegmentation's `DATASETS`.

Modules that write data of their own, like `mmseg_tome.datasets.streets`, need no OpenMMLab, so
the registered classes are imported only where MMSegmentation is installed.
"""

from importlib.util import find_spec

__all__ = []

if find_spec('mmseg') is not None:
    from .camvid import CamVidDataset

    __all__ += ['CamVidDataset']
