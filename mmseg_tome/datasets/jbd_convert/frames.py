"""The folder of frames: which events it has, and how large its images are."""

from functools import cached_property
from pathlib import Path

from PIL import Image

from ..jbd_format import frame_file
from .problems import UnusableRow
from .rows import Key


class Frames:
    """Frames on disk, as `<folder>/<event>/<event>_(<frame, five digits>).jpg`.

    Raises:
        FileNotFoundError: If there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise FileNotFoundError(f'{folder} is not a folder; it must hold a folder per event')
        self.folder = folder

    @cached_property
    def events(self) -> frozenset[str]:
        """Names of the events that have a folder."""
        return frozenset(path.name for path in self.folder.iterdir() if path.is_dir())

    def size(self, key: Key) -> tuple[int, int]:
        """Width and height of a frame in pixels, from the head of its file.

        Raises:
            UnusableRow: If the event is unknown, or the frame is missing or no image.
        """
        event, _ = key
        if event not in self.events:
            raise UnusableRow(f'event {event} is unknown: {self.folder} has {self._known_events()}')
        path = self.folder / frame_file(*key)
        if not path.is_file():
            raise UnusableRow(f'the frame {path} is not there')
        try:
            with Image.open(path) as image:
                return image.size
        except OSError as error:
            raise UnusableRow(f'the frame {path} cannot be read: {error}') from None

    def _known_events(self) -> str:
        names = sorted(self.events, key=lambda name: (len(name), name))
        if not names:
            return 'no folder of any event'
        shown = ', '.join(names[:12]) + (', …' if len(names) > 12 else '')
        return f'the {len(names)} folders {shown}'
