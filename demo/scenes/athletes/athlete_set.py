"""The folder of a set of frames of athletics, in one layout or in two."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import cv2

from ..drawing import noise
from ..writing import SPLITS, ImageId, ImageSet, write_file
from .annotation import Annotation
from .layouts import coco, jbd
from .render import number_frame, render_athlete
from .request import AthleteRequest
from .stadium import spectators

UNFINISHED = 'unfinished'  # annotations of single frames, until all are there
QUALITY = 93  # of JPEG
_README = """\
These are generated frames of athletics. Nothing in them was photographed; nobody in them exists.

They were drawn by mmseg_tome's generator of athletes, version {version}, from seed {seed}:
{train} frames to train on and {val} to evaluate on, {width} x {height} pixels.
The same request makes the same files. Right and left are the athlete's own.

"""

_LAYOUTS = {
    'jbd': (jbd,),
    'coco': (coco,),
    'both': (jbd, coco),
}


class AthleteSet(ImageSet):
    """A set of frames with one annotated athlete each.

    A frame's annotation is kept in a file of its own until all frames are there; only then are the
    tables of the layouts written.
    """

    KIND = 'generated athletes'

    request: AthleteRequest

    @property
    def layouts(self) -> tuple[ModuleType, ...]:
        """The modules of the layouts asked for."""
        return _LAYOUTS[self.request.layout]

    def paths(self, image: ImageId) -> list[Path]:
        """Paths of one frame, in each layout."""
        split, index = image
        numbers = number_frame(split, index)
        return [layout.image_path(self.folder, split, *numbers) for layout in self.layouts]

    def missing(self) -> list[ImageId]:
        """The frames that lack an image or their annotation."""
        annotated = self._has_tables()
        return [
            image
            for image in self.request.all()
            if not all(path.is_file() for path in self.paths(image))
            or not (annotated or self._annotation_path(image).is_file())
        ]

    def write(self, image: ImageId) -> None:
        """Draw one frame, and write it with its annotation."""
        split, index = image
        request = self.request
        size = request.width, request.height
        pixels, annotation = render_athlete(index, seed=request.seed, split=split, size=size)
        _, packed = cv2.imencode('.jpg', pixels, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        # The annotation last, so that it stands for both.
        contents = {path: packed.tobytes() for path in self.paths(image)}
        contents[self._annotation_path(image)] = json.dumps(asdict(annotation)).encode()
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, content)

    def warm_up(self) -> None:
        """Make the noise and the spectators that all frames are cut from."""
        noise.warm_up()
        spectators.all_spectators()

    def readme(self) -> str:
        """The text of README.txt."""
        notes = '\n'.join(layout.NOTE for layout in self.layouts)
        return _README.format(**asdict(self.request)) + notes

    def is_complete(self) -> bool:
        """Whether all tables are written, and nothing is left from writing them."""
        return self._has_tables() and not (self.folder / UNFINISHED).exists()

    def finish(self) -> None:
        """Gather the annotations of all frames into tables."""
        if not self._has_tables():
            annotations: dict[str, list[Annotation]] = {split: [] for split in self._splits()}
            for image in self.request.all():
                annotation = json.loads(self._annotation_path(image).read_text())
                annotations[image[0]].append(Annotation(**annotation))
            for layout in self.layouts:
                size = self.request.width, self.request.height
                layout.write_tables(self.folder, annotations, size)
            super().finish()
        shutil.rmtree(self.folder / UNFINISHED, ignore_errors=True)

    def _has_tables(self) -> bool:
        """Whether the annotations of all frames are written."""
        tables = [
            path
            for layout in self.layouts
            for path in layout.table_paths(self.folder, self._splits())
        ]
        return super().is_complete() and all(path.is_file() for path in tables)

    def _splits(self) -> list[str]:
        """The splits that have frames."""
        return [split for split in SPLITS if getattr(self.request, split)]

    def _annotation_path(self, image: ImageId) -> Path:
        split, index = image
        return self.folder / UNFINISHED / split / f'{index:06d}.json'
