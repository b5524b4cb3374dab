"""The places in the documentation's pages that are written by a command."""

import re
from collections.abc import Callable
from pathlib import Path

PLACE = re.compile(r'(<!-- table: (\S+) -->\n).*?(<!-- end -->)', re.DOTALL)


def pages(root: Path) -> list[Path]:
    """The README and the pages of the documentation, in a checkout."""
    return [root / 'README.md', *sorted((root / 'docs').rglob('*.md'))]


def fill(text: str, render: Callable[[str], str]) -> str:
    """A page with all of its tables written anew.

    Args:
        text: The page.
        render: From the name of a table to its Markdown.

    Raises:
        ValueError: If a place is not closed.
    """
    if text.count('<!-- table: ') != len(PLACE.findall(text)):
        raise ValueError("a '<!-- table: name -->' has no '<!-- end -->'")
    return PLACE.sub(lambda found: f'{found[1]}\n{render(found[2])}\n\n{found[3]}', text)


def names(text: str) -> list[str]:
    """The tables that a page shows."""
    return [name for _, name, _ in PLACE.findall(text)]
