"""Checkpoints of NVlabs and Hugging Face as ours: weights, classes, and what no weight says."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .classes import Classes, find_classes
from .describe import Description, describe, find_missing
from .files import Source
from .names import Format
from .translate import CheckpointError, Translation, find_format, to_ours

# Of the metadata of a state dict, which mmengine and PyTorch pass on.
RECORD = 'mmseg_tome'


@dataclass
class Foreign:
    """A checkpoint of another format, translated.

    Attributes:
        format: The format it was in.
        translation: Its weights in our names.
        description: What kind of model it is.
        classes: Its classes.
        settings: Arguments of the backbone that differ from mmseg's or cannot be seen in weights.
    """

    format: Format
    translation: Translation
    description: Description
    classes: Classes
    settings: dict[str, Any]

    def state_dict(self, filename: str) -> OrderedDict[str, Tensor]:
        """The weights, with a record of where they come from that survives saving."""
        weights = OrderedDict(self.translation.weights)
        record = dict(filename=filename, title=self.format.title, settings=self.settings)
        weights._metadata = OrderedDict({RECORD: record})  # type: ignore[attr-defined]
        return weights


def translate(source: Source) -> Foreign | None:
    """Translate what was read, if it is in a format of others.

    Returns:
        The translation; None if it is in our names, or no SegFormer at all.

    Raises:
        CheckpointError: If a name is not explained or missing, or the model is one that the
            backbone cannot be.
    """
    found = find_format(source.weights)
    if found is None:
        return None
    translation = to_ours(source.weights, found)
    description = describe(translation.weights)
    if description is None:
        raise CheckpointError(f'the {found.title} checkpoint holds a part of a SegFormer alone')
    if missing := find_missing(translation.weights, description):
        raise CheckpointError(
            f'the {found.title} checkpoint, of {description}, is not complete: what would be '
            f'{missing[0]} here is missing, as are {len(missing) - 1} others'
        )
    head = description.head
    classes = find_classes(source, head.classes if head else None)
    settings = _settings(source.config, found, description)
    return Foreign(found, translation, description, classes, settings)


def _settings(config: dict[str, Any], found: Format, description: Description) -> dict[str, Any]:
    """The arguments of the backbone that no weight says; without a config, those of SegFormer."""
    if (act := config.get('hidden_act', 'gelu')) != 'gelu':
        raise CheckpointError(
            f"hidden_act = {act!r} of its config.json is not supported: 'gelu' is"
        )
    widths = description.widths
    heads = [int(n) for n in config.get('num_attention_heads', description.num_heads)]
    strides = [int(n) for n in config.get('strides', (4, *[2] * (len(widths) - 1)))]
    if len({width / n for width, n in zip(widths, heads, strict=True)}) > 1:
        raise CheckpointError(
            f'stages of {widths} channels with {tuple(heads)} heads have different channels per '
            'head, which MixVisionTransformer cannot have'
        )
    return dict(
        num_heads=heads,
        strides=strides,
        norm_cfg=dict(type='LN', eps=found.eps),
        inner_norm_cfg=dict(type='LN', eps=found.inner_eps),
    )
