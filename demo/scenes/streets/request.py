"""What may be asked of the street generator."""

from .. import drawing

MIN_SIZE = (128, 64)
MAX_SIZE = (2048, 1024)


def check_size(size: tuple[int, int]) -> None:
    """Raise ``ValueError`` unless ``size`` is (width, height) in pixels, within the limits."""
    drawing.check_size(size, MIN_SIZE, MAX_SIZE)


class Request(drawing.Request):
    """A set of generated street scenes."""

    SMALLEST = MIN_SIZE
    LARGEST = MAX_SIZE
