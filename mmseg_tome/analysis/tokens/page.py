"""A page that shows merged tokens, with a slider over the blocks; it opens without a server."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .maps import SIDES, TokenMap
from .pictures import paint_changes, paint_classes, paint_tokens
from .viewer import TokenView

_TEMPLATE = Path(__file__).with_suffix('.html')


class TokenPage:
    """Write the pictures of one image after the other, and then a page over them.

    Args:
        folder: An empty folder: the page becomes ``index.html``, the pictures go below
            ``pictures/``. The folder can be moved as a whole.
        classes: Names of the classes.
        palette: RGB color of every class, ``[K, 3]``, uint8.
    """

    def __init__(self, folder: Path, classes: Sequence[str], palette: np.ndarray) -> None:
        self._folder = folder
        self._classes = classes
        self._palette = palette
        self._images: list[dict[str, Any]] = []

    def add(self, view: TokenView) -> None:
        """Write the pictures of an image; names of images must differ."""
        below = Path('pictures') / f'{len(self._images):04d}'
        (self._folder / below).mkdir(parents=True)

        def save(name: str, picture: np.ndarray) -> str:
            Image.fromarray(picture).save(self._folder / below / f'{name}.png')
            return (below / f'{name}.png').as_posix()

        pictures = {
            'image': view.image,
            'unmerged': paint_classes(view.unmerged, self._palette),
            'merged': paint_classes(view.merged, self._palette),
            'changed': paint_changes(view.image, view.changed),
        }
        seen = np.union1d(view.unmerged, view.merged)
        self._images.append(
            {
                'name': view.name,
                'height': view.image.shape[0],
                'width': view.image.shape[1],
                'pictures': {name: save(name, picture) for name, picture in pictures.items()},
                'changed': view.changed.mean(),
                'swaps': [
                    {'before': self._classes[before], 'after': self._classes[after], 'share': share}
                    for before, after, share in view.swaps()
                ],
                'classes': [
                    {'name': self._classes[k], 'color': 'rgb({} {} {})'.format(*self._palette[k])}
                    for k in seen
                ],
                'maps': [
                    {
                        **_describe(tokens),
                        'picture': save(
                            f'stage{tokens.stage}_block{tokens.block}_{tokens.side}',
                            paint_tokens(view.image, tokens),
                        ),
                    }
                    for tokens in view.maps
                ],
            }
        )

    def write(self, strategy: str, source: str) -> Path:
        """Write the page.

        Args:
            strategy: Name of the strategy.
            source: Which model and checkpoint, for the line below the heading.
        """
        data = json.dumps({'strategy': strategy, 'source': source, 'images': self._images})
        # A name that holds "</script>" would end the script.
        text = _TEMPLATE.read_text('utf-8').replace('/*DATA*/', data.replace('<', '\\u003c'))
        path = self._folder / 'index.html'
        with path.open('x', encoding='utf-8') as file:
            file.write(text)
        return path


def _describe(tokens: TokenMap) -> dict[str, Any]:
    h, w = tokens.slots.shape
    return {
        'stage': tokens.stage,
        'block': tokens.block,
        'side': SIDES[tokens.side],
        'h': h,
        'w': w,
        'pixels': tokens.pixels,
        'left': tokens.num_slots,
        'largest': int(np.bincount(tokens.slots.ravel()).max()),
        'slots': base64.b64encode(tokens.slots.astype('<u4').tobytes()).decode(),
    }
