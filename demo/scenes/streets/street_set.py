"""The folder of a set of street scenes, in Cityscapes' layout."""

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from ..drawing import noise
from ..drawing.classes import CLASSES
from ..writing import SPLITS, ImageId, ImageSet, write_file
from .render import render_street

CITY = 'generated'  # Cityscapes has a folder for each city
IMAGE_SUFFIX = '_leftImg8bit.png'
LABEL_SUFFIX = '_gtFine_labelTrainIds.png'
_README = """\
These are generated street scenes. Nothing in them was photographed.

They were drawn by mmseg_tome's street generator, version {version}, from seed {seed}:
{train} scenes to train on and {val} to evaluate on, {width} x {height} pixels.
The same request makes the same files.

The layout and the labels are those of Cityscapes, so that whatever reads Cityscapes reads this:

  leftImg8bit/<split>/{city}/*{image}
  gtFine/<split>/{city}/*{label}

Labels are Cityscapes' train ids, 0 to 18, and 255 for what is ignored:
{classes}.
The whole area of a fence is labeled fence, of a tree crown vegetation, and of a wheel bicycle or
motorcycle, gaps included, as in Cityscapes.
"""


class StreetSet(ImageSet):
    """A set of street scenes: an image and a label map each."""

    KIND = 'generated street scenes'

    def paths(self, image: ImageId) -> tuple[Path, Path]:
        """Paths of the image and of its labels."""
        split, index = image
        stem = f'{CITY}_{index:06d}_000019'
        path = self.folder / 'leftImg8bit' / split / CITY / (stem + IMAGE_SUFFIX)
        return path, self.folder / 'gtFine' / split / CITY / (stem + LABEL_SUFFIX)

    def missing(self) -> list[ImageId]:
        """The scenes that lack their image or their labels."""
        there = {
            path
            for kind in ('leftImg8bit', 'gtFine')
            for split in SPLITS
            for path in (self.folder / kind / split / CITY).glob('*.png')
        }
        return [image for image in self.request.all() if not there.issuperset(self.paths(image))]

    def write(self, image: ImageId) -> None:
        """Draw one scene, and write its image and its labels."""
        split, index = image
        request = self.request
        size = request.width, request.height
        images = render_street(index, seed=request.seed, split=split, size=size)
        for path, pixels in zip(self.paths(image), images, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_png(path, pixels)

    def warm_up(self) -> None:
        """Make the noise that all images are cut from."""
        noise.warm_up()

    def record_fields(self) -> dict:
        """The classes, in the order of their train ids."""
        return {'classes': CLASSES}

    def readme(self) -> str:
        """The text of README.txt."""
        return _README.format(
            city=CITY,
            image=IMAGE_SUFFIX,
            label=LABEL_SUFFIX,
            classes=', '.join(f'{i} {name}' for i, name in enumerate(CLASSES)),
            **asdict(self.request),
        )


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write ``pixels``, ``[H, W]`` or ``[H, W, 3]`` uint8, as a PNG."""
    # cv2's defaults are the fastest: one fixed filter, and zlib's quickest level.
    _, packed = cv2.imencode('.png', pixels)
    write_file(path, packed.tobytes())
