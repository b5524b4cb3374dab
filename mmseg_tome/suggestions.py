"""Guessing what was meant by a misspelt name."""

import difflib
from collections.abc import Iterable


def closest_name(word: object, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that is closest to a word, whatever its case; None if none is."""
    by_lower = {name.lower(): name for name in allowed}
    close = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1)
    return by_lower[close[0]] if close else None
