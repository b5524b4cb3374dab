"""What the search for rates found."""

from ..cells import Cell, fixed, signed, with_interval
from ..table import Table


def _found(experiment: str) -> Table:
    """A row per setting that was measured again at the end of a search."""
    return Table(
        {'experiment': experiment},
        {
            'time (quartiles)': Cell(
                {'metric': 'time over none'}, show=with_interval(fixed(3), digits=3)
            ),
            'mIoU, searched on': Cell({'metric': 'mIoU, searched on'}),
            'mIoU, held out': Cell({'metric': 'mIoU, held out'}),
            'over none, held out': Cell({'metric': 'mIoU change, held out'}, show=signed()),
        },
        by=('strategy',),
        head=('setting',),
        caption=('setting', 'precision'),
    )


TABLES = {name: _found(name) for name in ('search-camvid', 'search-streets')}
