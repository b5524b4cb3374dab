import pytest

from benchmarks.docs.cells import (
    Cell,
    fixed,
    interval,
    only,
    signed,
    with_interval,
    with_spread,
)

from .rows import row


@pytest.mark.parametrize(
    ('show', 'value', 'expected'),
    [
        (fixed(2), 61.2, '61.20'),
        (fixed(1, scale=1000), 0.1603, '160.3'),
        (signed(), 0.123, '+0.12'),
        (signed(), -0.123, '−0.12'),
        (signed(), -0.001, '0.00'),
        (with_spread(fixed(2)), 61.2, '61.20 ± 0.25'),
        (with_spread(signed()), -61.2, '−61.20 ± 0.25'),
        (interval(1, scale=10), 0, '−2.0 to 3.0'),
        (with_interval(fixed(3), 1), 0.1234, '0.123 (−0.2 to 0.3)'),
    ],
)
def test_how_values_are_written(show, value, expected):
    assert show(row(value=value, low=-0.2, high=0.3)) == expected


@pytest.mark.parametrize('show', [with_spread(fixed(2)), with_interval(fixed(2), 2)])
def test_a_value_without_spread_stands_alone(show):
    assert show(row(value=61.2)) == '61.20'


STOCK = row(implementation='stock', metric='time', value=4)
OURS = row(implementation='ours', metric='time', value=1.6)
TIME = {'metric': 'time', 'implementation': 'ours'}


def text(cell, rows, where=TIME):
    return cell.text(cell.find(rows, where))


def test_ratio_and_difference_of_two_rows():
    assert text(Cell(over={'implementation': 'stock'}), [STOCK, OURS]) == '2.50'
    assert text(Cell(minus={'implementation': 'stock'}, show=signed(1)), [STOCK, OURS]) == '−2.4'


def test_a_speed_up_that_the_results_hold_wins():
    held = row(implementation='ours', metric='speed-up over stock none', value=2.52)
    over = {'implementation': 'stock', 'strategy': 'none'}
    assert text(Cell(over=over), [STOCK | {'strategy': 'none'}, OURS, held]) == '2.52'


def test_what_was_not_measured_is_empty():
    assert text(Cell(over={'implementation': 'fused'}), [STOCK, OURS]) == ''
    assert text(Cell({'implementation': 'fused'}), [STOCK, OURS]) == ''


def test_two_rows_that_fit_are_an_error_that_names_what_differs():
    other = OURS | {'device': 'another', 'value': '3'}
    with pytest.raises(ValueError, match=r"^2 rows .* they differ in \['device', 'value'\]$"):
        only([OURS, other], TIME)


def test_a_tuple_stands_for_any_of_its_members():
    assert only([STOCK, OURS], {'implementation': ('fused', 'stock')}) == STOCK
