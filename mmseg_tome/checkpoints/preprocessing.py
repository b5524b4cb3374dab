"""What is done to pictures before the network: Hugging Face's image processor and mmseg's."""

from dataclasses import dataclass, replace
from typing import Any

from .translate import CheckpointError

# ImageNet's, of red, green and blue from 0 to 255; all published SegFormers have these.
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
# Pillow's numbers of its filters, and their names in mmcv.
FILTERS = {0: 'nearest', 1: 'lanczos', 2: 'bilinear', 3: 'bicubic', 4: 'box', 5: 'hamming'}


@dataclass(frozen=True)
class Preprocessing:
    """How pictures become input.

    Attributes:
        mean: What is subtracted, per channel, of values from 0 to 255.
        std: What is divided by after that.
        size: Width and height that pictures are resized to, whatever their shape; None for none.
        resample: Name of Pillow's filter for that.
        reduce_labels: Whether label 0 is ignored and all others are one less.
    """

    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    size: tuple[int, int] | None = None
    resample: str = 'bilinear'
    reduce_labels: bool = False

    def with_channels(self, number: int) -> 'Preprocessing':
        """For another number of channels: those that are new have the average of the others."""

        def of(values: tuple[float, ...]) -> tuple[float, ...]:
            average = sum(values) / len(values)
            return (*values, *[average] * number)[:number] if number > 1 else (average,)

        return (
            self
            if number == len(self.mean)
            else replace(self, mean=of(self.mean), std=of(self.std))
        )


def from_processor(processor: dict[str, Any]) -> Preprocessing:
    """Read Hugging Face's ``preprocessor_config.json``, of any age.

    Raises:
        CheckpointError: If it crops, or resizes by the shortest edge.
    """
    if not processor:
        return Preprocessing()
    if processor.get('do_center_crop'):
        raise CheckpointError(
            'do_center_crop = True of its preprocessor_config.json has no equivalent: only a part '
            'of a picture would be segmented; set it to false'
        )
    factor = processor.get('rescale_factor', 1 / 255) if processor.get('do_rescale', True) else 1.0
    mean, std = (0.0,), (1.0,)
    if processor.get('do_normalize', True):
        mean = tuple(processor.get('image_mean', [value / 255 for value in MEAN]))
        std = tuple(processor.get('image_std', [value / 255 for value in STD]))
    return Preprocessing(
        mean=tuple(round(value / factor, 6) for value in mean),
        std=tuple(round(value / factor, 6) for value in std),
        size=_size(processor.get('size', 512)) if processor.get('do_resize', True) else None,
        resample=FILTERS[processor.get('resample', 2)],
        reduce_labels=bool(
            processor.get('do_reduce_labels', processor.get('reduce_labels', False))
        ),
    )


def from_model_config(model: dict[str, Any]) -> Preprocessing:
    """Read the mean and std of ``model`` in a config of mmseg's."""
    found = model.get('data_preprocessor') or {}
    return Preprocessing(tuple(found.get('mean') or MEAN), tuple(found.get('std') or STD))


def to_processor(preprocessing: Preprocessing) -> dict[str, Any]:
    """Write Hugging Face's ``preprocessor_config.json``."""
    width, height = preprocessing.size or (512, 512)
    return {
        'image_processor_type': 'SegformerImageProcessor',
        'do_resize': preprocessing.size is not None,
        'size': {'height': height, 'width': width},
        'resample': {name: code for code, name in FILTERS.items()}[preprocessing.resample],
        'do_rescale': True,
        'rescale_factor': 1 / 255,
        'do_normalize': True,
        'image_mean': [value / 255 for value in preprocessing.mean],
        'image_std': [value / 255 for value in preprocessing.std],
        'do_reduce_labels': preprocessing.reduce_labels,
    }


def _size(size: Any) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if isinstance(size, dict) and {'height', 'width'} <= size.keys():
        return int(size['width']), int(size['height'])
    raise CheckpointError(
        f'size = {size} of its preprocessor_config.json has no equivalent: give height and width'
    )
