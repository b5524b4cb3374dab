"""What an exported model says about itself, inside of its own file."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

KEY = 'mmseg_tome'


@dataclass(frozen=True)
class Metadata:
    """All that somebody with nothing but the file has to know.

    Args:
        task: ``'segmentation'`` or ``'pose'``.
        output: A key of :data:`mmseg_tome.deploy.graph.OUTPUTS`.
        normalize: Whether the model takes images as they are read, ``[B, H, W, 3]`` in uint8 and
            BGR, instead of normalized ones, ``[B, 3, H, W]`` in fp32.
        mean: What is subtracted from each channel, in the order in which the network sees them.
        std: What each channel is divided by after that.
        bgr_to_rgb: Whether the network sees RGB.
        batch: Number of images at once; None for any.
        height: Height of images in pixels; None for any.
        width: Width of images in pixels; None for any.
        least: Pixels that images of any size must have on a side.
        precision: ``'fp32'``, ``'fp16'``, ``'bf16'`` or ``'int8'``.
        strategy: What is merged: the name of a preset, or a file or list as JSON.
        classes: Names of the classes, or of the keypoints.
        palette: A color ``[R, G, B]`` for each of them; may be empty.
        align_corners: How scores are resized to the size of the image.
        layers: The tensors inside that a verification looks at: the output of each block.
        matches: The tensors inside that say which tokens were merged.
        source: Where the model comes from: config, checkpoint, commit, versions, date.
    """

    task: str
    output: str
    normalize: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr_to_rgb: bool
    batch: int | None
    height: int | None
    width: int | None
    least: int
    precision: str
    strategy: str
    classes: tuple[str, ...] = ()
    palette: tuple[tuple[int, ...], ...] = ()
    align_corners: bool = False
    layers: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    source: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_dynamic(self) -> bool:
        """Whether it takes images of any size."""
        return self.height is None

    def to_json(self) -> str:
        """Write all fields as JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> 'Metadata':
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError: If it is something else, or of another version.
        """
        try:
            fields = json.loads(text)
            known = {field.name for field in dataclasses.fields(cls)}
            if not isinstance(fields, dict) or set(fields) != known:
                raise ValueError('its fields are not those of this version')
        except ValueError as error:
            raise ValueError(f'metadata under {KEY!r} cannot be read: {error}') from None
        return cls(**{name: _tuples(value) for name, value in fields.items()})

    def describe_input(self) -> str:
        """What it takes, in a few words."""
        any_size = f'any size from {self.least}x{self.least} pixels up'
        size = any_size if self.is_dynamic else f'{self.width}x{self.height} pixels'
        kind = 'uint8 [B, H, W, 3] in BGR' if self.normalize else 'normalized fp32 [B, 3, H, W]'
        batch = 'any batch' if self.batch is None else f'batch {self.batch}'
        return f'images of {size}, {batch}, as {kind}'

    def check_size(self, height: int, width: int, name: str) -> None:
        """Check that images are of the size that was exported.

        Raises:
            ValueError: If they are not. It says what to export.
        """
        if self.is_dynamic and min(height, width) < self.least:
            raise ValueError(
                f'{name} takes images of at least {self.least}x{self.least} pixels, and this one '
                f'has {width}x{height}: export it with --size {width}x{height}'
            )
        if self.is_dynamic or (height, width) == (self.height, self.width):
            return
        raise ValueError(
            f'{name} takes images of {self.width}x{self.height} pixels, and this one has '
            f'{width}x{height}: export it with --size {width}x{height}, or with --dynamic for '
            'images of any size'
        )


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
