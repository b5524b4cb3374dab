"""From which size on merging pays."""

from ..cells import Cell, fixed
from ..table import Table
from .performance import TIME, milliseconds

TABLES = {
    'break-even-models': Table(
        {'experiment': 'break-even', 'scope': 'model'},
        {
            '`none`, ms': Cell({**TIME, 'strategy': 'none'}, show=milliseconds(2)),
            **{
                f'`{name}`': Cell({'metric': 'speed-up over ours none', 'strategy': name})
                for name in ('hq', 'fast', 'n2d_2x2', 'auto')
            },
        },
        by=('model', 'width'),
        head=('model', 'side'),
    ),
    'break-even-layers': Table(
        {'experiment': 'break-even', 'scope': 'layer'},
        {
            'MFLOP saved': Cell({'metric': 'operations saved'}, show=fixed(1)),
            '`none`, ms': Cell({**TIME, 'strategy': 'none'}, show=milliseconds(2)),
            '`hq`, ms': Cell({**TIME, 'strategy': 'hq'}, show=milliseconds(2)),
            'speed-up': Cell({'metric': 'speed-up over ours none'}),
        },
        by=('model', 'note', 'width'),
        head=('model', 'attention of', 'side'),
    ),
}
