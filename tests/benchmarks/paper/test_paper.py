"""That the paper's numbers are there, all of them, and say whose they are."""

from benchmarks.paper import paper
from benchmarks.paper.summary import paper_rows
from mmseg_tome.analysis.implementations import PUBLISHED
from mmseg_tome.strategies import PRESETS


def test_every_strategy_of_every_table():
    assert set(PUBLISHED) <= set(PRESETS)
    for table, count in ((paper.TABLE_2, 5), (paper.TABLE_3, 5), (paper.TABLE_4, 4)):
        for rows in table.values():
            assert list(rows)[:count] == list(PUBLISHED)[:count]
    assert list(paper.TABLE_5['B5']) == ['hq', 'fast', 'n2d_2x2']


def test_numbers_of_figures():
    """Counted in the paper's tables; a missing one would go unnoticed otherwise."""
    counts = [
        sum(len(row) for rows in table.values() for row in rows.values())
        for table in (paper.TABLE_2, paper.TABLE_3, paper.TABLE_4, paper.TABLE_5)
    ]
    assert counts == [20 + 19 + 1, 20 + 15, 16 + 16, 15]


def test_speed_ups_are_those_of_the_rates():
    """The paper's own numbers agree with each other, to its rounding."""
    for rows in paper.TABLE_2.values():
        for name, row in rows.items():
            if paper.SPEED_UP in row:
                assert abs(row['FPS'] / rows['none']['FPS'] - row[paper.SPEED_UP]) < 0.01, name
    (column,) = paper.TABLE_5.values()
    for name, row in column.items():
        assert row['1024x1024'] == paper.TABLE_2['B5, Cityscapes'][name][paper.SPEED_UP]


def test_the_quoted_row_of_pruning():
    assert paper.TABLE_2['B2, Cityscapes'][paper.PRUNING] == {'mIoU': 80.03}
    assert '[22]' in paper.PRUNING


def test_rows_for_csv_name_their_source():
    rows = paper_rows(paper.TABLE_4, 'Table IV')
    assert len(rows) == 8 and set(rows['source']) == {
        'paper, Table IV: B5, JBD',
        'paper, Table IV: B5, COCO',
    }
    assert '2405.14467' in paper.SOURCE
