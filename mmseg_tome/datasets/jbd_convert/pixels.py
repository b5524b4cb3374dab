"""Whose pixels annotations are in: those of the published size, or those of the frames."""

from collections import Counter

from .problems import UnusableRow
from .rows import Athlete, Box, check_inside

Size = tuple[int, int]  # width and height in pixels


class FramePixels:
    """Turns what is annotated in pixels of one size into pixels of the frames.

    Args:
        annotated: The size that the annotations are for; None if they are in the pixels of each
            frame, whatever its size.
        scale: Whether frames of another size get scaled annotations. Otherwise they are refused:
            most of their coordinates lie inside the frame, and are wrong.

    Raises:
        ValueError: If there is nothing to scale from.
    """

    def __init__(self, annotated: Size | None, scale: bool) -> None:
        if scale and annotated is None:
            raise ValueError(
                "annotations in the frames' own pixels need no scaling: leave out one of "
                '--scale-frames and --annotation-size frames'
            )
        if annotated is not None and min(annotated) < 1:
            raise ValueError(f'annotation_size is {annotated}; width and height must be above 0')
        self._annotated = annotated
        self._scale = scale
        self._frames = 0
        self._refused: Counter[Size] = Counter()

    def place(self, athlete: Athlete, box: Box, frame: Size) -> tuple[Athlete, Box]:
        """Check that an athlete and a box lie inside, and give them in pixels of the frame.

        Raises:
            UnusableRow: If something lies outside, or the frame is of another size and cannot be
                scaled to; :meth:`check` says in one sentence what is wrong with all such frames.
        """
        self._frames += 1
        annotated = self._annotated or frame
        if frame != annotated and not self._scale:
            self._refused[frame] += 1
            raise UnusableRow(f'the frame has {_text(frame)} pixels instead of {_text(annotated)}')
        if not _is_scaled(frame, annotated):
            raise UnusableRow(
                f'the frame of {_text(frame)} pixels has another aspect ratio than the '
                f'annotations, which are in pixels of {_text(annotated)}: it was cropped or padded'
            )
        check_inside(athlete, box, annotated)
        if frame == annotated:
            return athlete, box
        x, y = frame[0] / annotated[0], frame[1] / annotated[1]
        left, top, width, height = box
        return athlete.scaled(x, y), (left * x, top * y, width * x, height * y)

    def check(self) -> None:
        """Refuse all, if there were frames of another size.

        Raises:
            ValueError: It names the sizes, and what can be done.
        """
        if not self._refused:
            return
        assert self._annotated is not None  # or no frame is of another size
        sizes = ', '.join(f'{_text(size)} ({n})' for size, n in self._refused.most_common(5))
        more = ', …' if len(self._refused) > 5 else ''
        raise ValueError(
            f'{self._refused.total()} of {self._frames} frames have another size than '
            f'{_text(self._annotated)}, in whose pixels the annotations are: {sizes}{more}; scale '
            'the annotations to the frames with --scale-frames, or say what they are made for with '
            "--annotation-size WxH (--annotation-size frames: each frame's own pixels)"
        )


def _is_scaled(frame: Size, annotated: Size) -> bool:
    """Whether a frame is the annotated one at another size, to a pixel of its height or width."""
    (width, height), (full_width, full_height) = frame, annotated
    return abs(width * full_height - height * full_width) <= max(annotated)


def _text(size: Size) -> str:
    return f'{size[0]}x{size[1]}'
