"""A plot of results, with a hash of what it shows in its file."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from .cells import Row

KEY = 'Data-SHA256'

Series = Mapping[str, Mapping[str, object]]
"""By the label of a line or a point, what is drawn of it."""


@dataclass(frozen=True)
class Plot:
    """How results become a picture.

    Args:
        data: From the results to what is shown.
        draw: Draws that; the metadata are for ``savefig``.
    """

    data: Callable[[Sequence[Row]], Series]
    draw: Callable[[Series, Path, Mapping[str, str]], None]

    def write(self, results: Sequence[Row], path: Path) -> None:
        """Draw the results."""
        data = self.data(results)
        self.draw(data, path, {KEY: digest(data)})

    def is_current(self, results: Sequence[Row], path: Path) -> bool:
        """Whether a file shows these results."""
        if not path.exists():
            return False
        with Image.open(path) as image:
            return image.info.get(KEY) == digest(self.data(results))


def digest(data: Series) -> str:
    """A hash of what a plot shows."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
