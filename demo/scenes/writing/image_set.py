"""A set of generated images in a folder, which is written, continued, or left as it is."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .record import claim_folder, is_complete, write_record
from .request import Request, count_workers
from .workers import OnImage, draw_all

ImageId = tuple[str, int]  # split and index


@dataclass(frozen=True)
class Written:
    """What a generator did.

    Attributes:
        folder: The folder of the set; the ``data_root`` of a config.
        scenes: Number of images in the set.
        drawn: Number of images drawn now; 0 if the set was there already.
        seconds: How long it took.
    """

    folder: Path
    scenes: int
    drawn: int
    seconds: float


class ImageSet(ABC):
    """What a generator must know about the folder it writes to.

    Worker processes get a copy, so it must be picklable.

    Args:
        folder: The folder of the set.
        request: What is asked for.
    """

    KIND: ClassVar[str]
    """What is generated, like 'generated street scenes'."""

    def __init__(self, folder: Path, request: Request) -> None:
        self.folder = folder
        self.request = request

    @abstractmethod
    def missing(self) -> list[ImageId]:
        """The images that are not in the folder, or whose annotations are not."""

    @abstractmethod
    def write(self, image: ImageId) -> None:
        """Draw one image, and write it with its annotations."""

    @abstractmethod
    def readme(self) -> str:
        """The text of README.txt."""

    @abstractmethod
    def warm_up(self) -> None:
        """Make what forked processes can share."""

    def record_fields(self) -> dict:
        """What the record holds beside the request."""
        return {}

    def is_complete(self) -> bool:
        """Whether nothing is left to do once no image is missing."""
        return is_complete(self.folder)

    def finish(self) -> None:
        """Do what is left when all images are there, and record that the set is complete."""
        self.write_record(complete=True)

    def write_record(self, complete: bool) -> None:
        """Write generated.json and README.txt."""
        write_record(
            self.folder, self.KIND, self.request, self.readme(), complete, **self.record_fields()
        )


def write_set(
    images: ImageSet, *, workers: int | None = None, on_image: OnImage | None = None
) -> Written:
    """Write a set, or what is missing of it.

    Args:
        images: The set.
        workers: Number of processes, which changes no byte; None for one per core.
        on_image: Called with the number of images drawn so far, from 0, and of all to be drawn.

    Raises:
        ValueError: If ``workers`` is outside its range.
        FileExistsError: If the folder holds anything but this set.
        NotADirectoryError: If the folder is a file.
    """
    started = time.monotonic()
    workers = count_workers(workers)
    if claim_folder(images.folder, images.KIND, images.request):
        images.write_record(complete=False)
    missing = images.missing()
    if missing:
        draw_all(images.write, missing, workers=workers, on_image=on_image, warm_up=images.warm_up)
    if missing or not images.is_complete():
        images.finish()
    seconds = time.monotonic() - started
    return Written(images.folder, len(images.request.all()), len(missing), seconds)
