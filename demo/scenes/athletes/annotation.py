"""The annotation of a frame."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Annotation:
    """What is known about a frame.

    Attributes:
        event: Number of the event.
        frame: Number of the frame within its event.
        name: The athlete's name.
        slow: Whether it is slow motion.
        keypoints: Column, row and visibility (COCO's 0, 1 or 2) by name, JBD's 20 and COCO's 17.
        box: Left, top, width and height of the athlete's visible part, in pixels.
        area: Number of pixels of the athlete that nothing hides.
    """

    event: int
    frame: int
    name: str
    slow: bool
    keypoints: dict[str, tuple[float, float, int]]
    box: tuple[int, int, int, int]
    area: int
