"""Data sets, registered in the `DATASETS` of MMSegmentation and of MMPose.

A registered class is imported where it is asked for, and so with its framework; reading and writing
files of a format, as `jbd_format` and `jbd_convert` do, needs no OpenMMLab.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .camvid import CamVidDataset
    from .jbd import JBDDataset

__all__ = ['CamVidDataset', 'JBDDataset']


def __getattr__(name: str) -> type:
    if name == 'CamVidDataset':
        from .camvid import CamVidDataset

        return CamVidDataset
    if name == 'JBDDataset':
        from .jbd import JBDDataset

        return JBDDataset
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
