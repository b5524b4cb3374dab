"""Makes the OpenMMLab 2.x stack import, and load checkpoints, on current torch and numpy.

One file per breakage. Each patches only what it finds broken, by the narrowest means, and leaves a
healthy package alone.
"""

from . import checkpoints, mmcv_ext, torchvision_ops, versions

__all__ = ['patch']


def patch() -> tuple[str, ...]:
    """Patch what is broken in the installed stack.

    Call it before anything imports mmseg, mmdet or mmpose. Packages that are not installed are
    left alone. Calling it again is harmless.

    Returns:
        The names of what this call has patched, e.g. ``('mmcv._ext', 'torchvision::nms')``; empty
        where nothing was broken, and on a second call.

    Raises:
        ImportError: An installed package is outside the versions that this project supports.
    """
    versions.check()
    return (*mmcv_ext.patch(), *torchvision_ops.patch(), *checkpoints.patch())
