"""What can be requested of the street generator."""

from ..writing import Request


class StreetRequest(Request):
    """A set of generated street scenes."""

    SMALLEST = (128, 64)
    LARGEST = (2048, 1024)
