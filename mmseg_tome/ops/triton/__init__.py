"""Triton kernels of the ops; importing this registers them as ``torch.ops.mmseg_tome.*``.

Nothing imports this package but :mod:`..dispatch`, and that only when kernels may run.
"""

from . import assign, attend, depthwise, fuse, local_match, match, merge, norm, pool
from .op import INTERPRETED

__all__ = [
    'INTERPRETED',
    'assign',
    'attend',
    'depthwise',
    'fuse',
    'local_match',
    'match',
    'merge',
    'norm',
    'pool',
]
