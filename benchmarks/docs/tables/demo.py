"""What `make demo` and `make demo-pose` end with."""

from ..cells import Cell
from ..table import Table
from .performance import FAST, HQ, N2D, NONE, STOCK, TIME, WEIGHTED, milliseconds, size, speed_up

_STRATEGIES = {
    'stock': STOCK,
    'none': NONE,
    'hq': HQ,
    'fast': FAST,
    'n2d_2x2': N2D,
}
_UNPUBLISHED = {where['strategy']: where for where in WEIGHTED.values()}
_DOWNSAMPLE = {'implementation': 'ours', 'strategy': 'downsample'}
_CROP, _FULL = size(192, 256), size(480, 640)

TABLES = {
    'demo': Table(
        {'experiment': 'demo'},
        {
            'mIoU': Cell({'metric': 'mIoU'}),
            'mIoU_small': Cell({'metric': 'mIoU_small'}),
            'ms per image': Cell(TIME, show=milliseconds(1)),
            'speed-up over stock': speed_up(STOCK),
            'speed-up over none': speed_up(NONE),
        },
        {**_STRATEGIES, **_UNPUBLISHED, 'downsample': _DOWNSAMPLE},
        head=('strategy',),
    ),
    'demo-pose': Table(
        {'experiment': 'demo-pose'},
        {
            'PCK@0.1': Cell({'metric': 'PCK@0.1'}),
            'PCK@0.05': Cell({'metric': 'PCK@0.05'}),
            'ms per image': Cell({**TIME, **_CROP}, show=milliseconds(1)),
            'speed-up over none': speed_up(NONE, **_CROP),
            'at 480×640: ms': Cell({**TIME, **_FULL}, show=milliseconds(1)),
            'over stock': speed_up(STOCK, **_FULL),
            'over none': speed_up(NONE, **_FULL),
        },
        _STRATEGIES,
        head=('strategy',),
    ),
}
