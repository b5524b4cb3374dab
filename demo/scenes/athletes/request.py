"""What may be asked of the generator of athletes."""

from dataclasses import dataclass

from .. import drawing

LAYOUTS = ('jbd', 'coco', 'both')
MIN_SIZE = (160, 90)
MAX_SIZE = (2560, 1440)


def check_size(size: tuple[int, int]) -> None:
    """Raise ``ValueError`` unless ``size`` is (width, height) in pixels, within the limits."""
    drawing.check_size(size, MIN_SIZE, MAX_SIZE)


@dataclass(frozen=True)
class Request(drawing.Request):
    """A set of generated frames.

    Attributes:
        layout: One of ``LAYOUTS``.
    """

    SMALLEST = MIN_SIZE
    LARGEST = MAX_SIZE

    layout: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layout not in LAYOUTS:
            raise ValueError(
                f'layout is {self.layout!r}; it must be one of {", ".join(map(repr, LAYOUTS))}'
            )
