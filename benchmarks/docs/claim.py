"""Sentences of the pages that quote results, so that none contradicts a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .cells import Cell, Row, Where


@dataclass(frozen=True)
class Claim:
    """A piece of a page that quotes results.

    Args:
        page: The page's path in the checkout.
        text: The piece, with a ``{}`` for each value.
        cells: The values, each with what picks its row.
    """

    page: str
    text: str
    cells: Sequence[tuple[Where, Cell]]

    def render(self, results: Sequence[Row]) -> str:
        """What the page should say.

        Raises:
            ValueError: If a value is not in the results.
        """
        values = []
        for where, cell in self.cells:
            found = cell.find(results, where)
            if not found:
                raise ValueError(f'{self.page}: no results for {dict(where)} of "{self.text}"')
            values.append(cell.text(found))
        return self.text.format(*values)

    def is_made(self, results: Sequence[Row], page: str) -> bool:
        """Whether the page says so; where its lines break does not count."""
        return _one_line(self.render(results)) in _one_line(page)


def _one_line(text: str) -> str:
    return re.sub(r'\s+', ' ', text)
