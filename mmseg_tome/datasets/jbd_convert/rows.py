"""Reading one row: what was annotated in one frame, and one box."""

import math
import re
from dataclasses import dataclass, replace

from ..jbd_format import KEYPOINTS, MAX_FRAME
from .problems import UnusableRow

_EVENT = re.compile(r'0|[1-9]\d*')
_BOX_ID = re.compile(r'(.+)_\((\d{5})\)(\.jpg)?')
_FLAGS = {
    **dict.fromkeys(('1', 'true', 'yes'), True),
    **dict.fromkeys(('0', 'false', 'no'), False),
    **dict.fromkeys(('', 'unknown'), None),  # the published tools write the latter
}

Key = tuple[str, int]  # event and number of the frame
Box = tuple[float, float, float, float]  # left, top, width and height in pixels


@dataclass(frozen=True)
class Athlete:
    """What is annotated in one frame.

    Attributes:
        athlete: The name, as it stands in the file.
        slowmotion: Whether the frame is from slow motion; None if it is not known.
        keypoints: (x, y, labeled) of each keypoint, x and y in pixels.
    """

    athlete: str
    slowmotion: bool | None
    keypoints: tuple[tuple[float, float, bool], ...]

    def scaled(self, x: float, y: float) -> 'Athlete':
        """The same in a frame that is `x` times as wide and `y` times as high."""
        keypoints = tuple((x * left, y * top, seen) for left, top, seen in self.keypoints)
        return replace(self, keypoints=keypoints)


def parse_key(values: dict[str, str]) -> Key:
    """The frame that a keypoint row is about."""
    return _parse_key(values['event'], values['frame_num'])


def parse_athlete(values: dict[str, str]) -> Athlete:
    """What a keypoint row says about its frame."""
    flag = values['slowmotion'].lower()
    if flag not in _FLAGS:
        raise UnusableRow(
            f'slowmotion is {values["slowmotion"]!r}; it must be 0 or 1, true or false, yes or '
            'no, unknown or empty'
        )
    keypoints = tuple(_parse_keypoint(name, values) for name in KEYPOINTS)
    if not any(labeled for *_, labeled in keypoints):
        raise UnusableRow('no keypoint is visible')
    return Athlete(values['athlete'], _FLAGS[flag], keypoints)


def parse_box_key(values: dict[str, str]) -> Key:
    """The frame that a box is about."""
    found = _BOX_ID.fullmatch(values['image_id'])
    if found is None:
        raise UnusableRow(
            f'image_id is {values["image_id"]!r}; it must be the event and five digits of the '
            'frame number, like 0_(01944)'
        )
    return _parse_key(found[1], found[2])


def parse_box(values: dict[str, str]) -> Box:
    """Left, top, width and height of a box."""
    left, top, width, height = (
        _number(field, values[field]) for field in ('min_x', 'min_y', 'width', 'height')
    )
    if width <= 0 or height <= 0:
        raise UnusableRow(f'the box is {width:g} wide and {height:g} high; both must be above 0')
    return left, top, width, height


def check_inside(athlete: Athlete, box: Box, size: tuple[int, int]) -> None:
    """Check that what is labeled, and the box, lie in a frame of `size` (width, height)."""
    width, height = size
    for name, (x, y, labeled) in zip(KEYPOINTS, athlete.keypoints, strict=True):
        if labeled and not (0 <= x <= width and 0 <= y <= height):
            raise UnusableRow(
                f'{name} at ({x:g}, {y:g}) is outside the frame of {width}x{height} pixels'
            )
    left, top, wide, tall = box
    if left < 0 or top < 0 or left + wide > width or top + tall > height:
        raise UnusableRow(
            f'the box ({left:g}, {top:g}, {wide:g}, {tall:g}) reaches outside the frame of '
            f'{width}x{height} pixels'
        )


def _parse_key(event: str, frame: str) -> Key:
    if not _EVENT.fullmatch(event):
        raise UnusableRow(
            f'event is {event!r}; it must be a whole number without leading zeros, the name of '
            'the folder of its frames'
        )
    if not frame.isdecimal() or int(frame) > MAX_FRAME:
        raise UnusableRow(
            f'frame_num is {frame!r}; it must be a whole number from 0 to {MAX_FRAME}'
        )
    return event, int(frame)


def _parse_keypoint(name: str, values: dict[str, str]) -> tuple[float, float, bool]:
    visible = _number(f'{name}_s', values[f'{name}_s'])
    if visible != round(visible):
        raise UnusableRow(
            f'{name}_s is {values[f"{name}_s"]!r}; it must be a whole number, 0 for not visible'
        )
    if visible <= 0:  # whatever stands for x and y then means nothing
        return 0.0, 0.0, False
    x, y = (_number(f'{name}_{axis}', values[f'{name}_{axis}']) for axis in 'xy')
    return x, y, True


def _number(field: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UnusableRow(f'{field} is {text!r}; it must be a number') from None
    if not math.isfinite(value):
        raise UnusableRow(f'{field} is {text!r}; it must be a finite number')
    return value
