import pytest

from benchmarks.docs.cells import Cell, fixed
from benchmarks.docs.table import Table

from .rows import row

PROVENANCE = {'device': 'CPU', 'threads': 2, 'versions': 'torch 2', 'date': '2026-01-02'}
ROWS = [
    row(metric=metric, strategy=strategy, value=value, dtype='fp32', command='run', **PROVENANCE)
    for metric, strategy, value in (
        ('time', 'none', 2),
        ('mIoU', 'none', 61.2),
        ('time', 'hq', 1),
        ('mIoU', 'hq', 61),
    )
]
COLUMNS = {
    'ms': Cell({'metric': 'time'}, show=fixed(1)),
    'speed-up': Cell({'metric': 'time'}, over={'strategy': 'none'}),
    'mIoU': Cell({'metric': 'mIoU'}),
}
EXPECTED = """\
| strategy | ms | speed-up | mIoU |
| --- | ---: | ---: | ---: |
| none | 2.0 | 1.00 | 61.20 |
| hq | 1.0 | 2.00 | 61.00 |

CPU, 2 threads, torch 2, commit abc1234, 2026-01-02; fp32; `run`. And a note."""


@pytest.mark.parametrize(
    'rows',
    [
        {'by': ('strategy',)},
        {'rows': {'none': {'strategy': 'none'}, ('hq',): {'strategy': 'hq'}}},
    ],
)
def test_rows_columns_and_caption(rows):
    table = Table({'experiment': 'speed'}, COLUMNS, head=('strategy',), note='And a note.', **rows)
    assert table.render([row(experiment='other', metric='time', value=9), *ROWS]) == EXPECTED


def test_caption_names_every_setting_once():
    rows = [*ROWS[:2], *({**one, 'device': 'GPU', 'threads': '0'} for one in ROWS[2:])]
    rendered = Table({}, {'ms': COLUMNS['ms']}, by=('strategy',)).render(rows)
    assert rendered.endswith(
        'CPU, 2 threads, torch 2, commit abc1234, 2026-01-02; '
        'GPU, torch 2, commit abc1234, 2026-01-02; fp32; `run`.'
    )


def test_an_empty_row_or_column_is_an_error():
    with pytest.raises(ValueError, match=r"no results for the columns \['ADE'\]"):
        Table({}, {**COLUMNS, 'ADE': Cell({'metric': 'ADE'})}, by=('strategy',)).render(ROWS)
    with pytest.raises(ValueError, match=r"no results for the row \('fast',\)"):
        Table({}, COLUMNS, {'fast': {'strategy': 'fast'}}).render(ROWS)
