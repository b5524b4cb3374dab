import pytest

from benchmarks.docs.pages import fill, names

PAGE = """\
Text.

<!-- table: speed -->
| old |
<!-- end -->

<!-- table: quality -->
<!-- end -->
"""


def test_places_are_filled_and_filling_twice_changes_nothing():
    filled = fill(PAGE, lambda name: f'| {name} |')
    assert '| old |' not in filled
    assert '<!-- table: speed -->\n\n| speed |\n\n<!-- end -->' in filled
    assert names(filled) == ['speed', 'quality']
    assert fill(filled, lambda name: f'| {name} |') == filled


def test_a_place_that_is_not_closed_is_an_error():
    with pytest.raises(ValueError, match='has no'):
        fill(PAGE.replace('<!-- end -->', '', 1), str)
