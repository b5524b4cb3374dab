"""What can be requested of the generator of athletes."""

from dataclasses import dataclass

from ..writing import Request

LAYOUTS = ('jbd', 'coco', 'both')


@dataclass(frozen=True)
class AthleteRequest(Request):
    """A set of generated frames of athletics.

    Attributes:
        layout: One of ``LAYOUTS``.
    """

    SMALLEST = (160, 90)
    LARGEST = (2560, 1440)

    layout: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layout not in LAYOUTS:
            raise ValueError(
                f'layout is {self.layout!r}; it must be one of {", ".join(map(repr, LAYOUTS))}'
            )
