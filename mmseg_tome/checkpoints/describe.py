"""What kind of SegFormer a state dict is of, seen from its names and shapes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .names import HUGGING_FACE
from .translate import BACKBONE, HEAD

# Channels of the first stage, and blocks of each.
VARIANTS = {
    'B0': (32, (2, 2, 2, 2)),
    'B1': (64, (2, 2, 2, 2)),
    'B2': (64, (3, 4, 6, 3)),
    'B3': (64, (3, 4, 18, 3)),
    'B4': (64, (3, 8, 27, 3)),
    'B5': (64, (3, 6, 40, 3)),
}
NUM_HEADS = (1, 2, 5, 8)
Shapes = Mapping[str, Any]


@dataclass(frozen=True)
class Head:
    """A SegFormer head: whether its projections are bare linears, its channels and classes."""

    bare: bool
    channels: int
    classes: int


@dataclass(frozen=True)
class Description:
    """The sizes of a MiT backbone, and of the head that it may come with.

    Attributes:
        prefix: What precedes the backbone's names: ``'backbone.'``, or nothing if it is alone.
        in_channels: Channels of the image.
        widths: Channels of each stage.
        depths: Blocks of each stage.
        patch_sizes: Sides of the patches of each stage.
        sr_ratios: Spatial-reduction ratio of each stage.
        mlp_ratio: Hidden channels of the MixFFN over its input's.
        head: The head for segmentation; None if there is none, or none of SegFormer.
    """

    prefix: str
    in_channels: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    patch_sizes: tuple[int, ...]
    sr_ratios: tuple[int, ...]
    mlp_ratio: int
    head: Head | None

    @property
    def num_heads(self) -> list[int]:
        """As many heads as SegFormer gives stages of these widths: all as wide as the first."""
        return [width // self.widths[0] for width in self.widths]

    @property
    def variant(self) -> str | None:
        """Its name, B0 to B5; None if it is of other sizes."""
        width = self.widths[0]
        if self.widths != tuple(width * heads for heads in NUM_HEADS):
            return None
        return next((name for name, size in VARIANTS.items() if size == (width, self.depths)), None)

    def __str__(self) -> str:
        if self.variant:
            return f'MiT-{self.variant}'
        depths = '+'.join(map(str, self.depths))
        return f'a MiT of {depths} blocks with {"/".join(map(str, self.widths))} channels'


def describe(weights: Shapes) -> Description | None:
    """Describe a state dict in our names.

    Args:
        weights: Anything with a ``shape`` by its name.

    Returns:
        What it is of; None if it holds no MiT.
    """
    prefix = next((p for p in (BACKBONE, '') if f'{p}{_DEPTHWISE}' in weights), None)
    if prefix is None or f'{prefix}layers.0.0.projection.weight' not in weights:
        return None
    stages = _count(rf'{prefix}layers\.(\d+)\.0\.projection\.weight', weights)
    projections = [weights[f'{prefix}layers.{s}.0.projection.weight'].shape for s in range(stages)]
    reductions = [f'{prefix}layers.{s}.1.0.attn.sr.weight' for s in range(stages)]
    hidden, width = weights[f'{prefix}layers.0.1.0.ffn.layers.0.weight'].shape[:2]
    return Description(
        prefix=prefix,
        in_channels=projections[0][1],
        widths=tuple(shape[0] for shape in projections),
        depths=tuple(
            _count(rf'{prefix}layers\.{s}\.1\.(\d+)\.norm1\.weight', weights) for s in range(stages)
        ),
        patch_sizes=tuple(shape[2] for shape in projections),
        sr_ratios=tuple(weights[r].shape[2] if r in weights else 1 for r in reductions),
        mlp_ratio=hidden // width,
        head=_describe_head(weights),
    )


def find_missing(weights: Shapes, found: Description) -> list[str]:
    """List what a checkpoint with a bare head, or none, lacks of the model it describes."""
    needed = []
    for row in HUGGING_FACE.encoder:
        for s, depth in enumerate(found.depths):
            if found.sr_ratios[s] == 1 and re.search(r'attn\.(sr|norm)\.', row.ours):
                continue
            for b in range(depth if '{b}' in row.ours else 1):
                needed += [found.prefix + row.ours.format(s=s, b=b, p=p) for p in _LINEAR]
    if found.head is not None:
        needed += [f'{HEAD}convs.{s}.conv.{p}' for s in range(len(found.depths)) for p in _LINEAR]
        needed += [f'{HEAD}fusion_conv.conv.weight']
        needed += [f'{HEAD}fusion_conv.bn.{p}' for p in (*_LINEAR, 'running_mean', 'running_var')]
        needed += [f'{HEAD}conv_seg.{p}' for p in _LINEAR]
    return [name for name in needed if name not in weights]


_DEPTHWISE = 'layers.0.1.0.ffn.layers.1.weight'
_LINEAR = ('weight', 'bias')


def _describe_head(weights: Shapes) -> Head | None:
    projection, classifier = f'{HEAD}convs.0.conv.weight', f'{HEAD}conv_seg.weight'
    if projection not in weights or classifier not in weights:
        return None
    # Without norms anywhere, mmseg's projections have biases too, and a ReLU.
    names = f'{HEAD}convs.0.conv.bias', f'{HEAD}fusion_conv.bn.weight'
    return Head(
        bare=all(name in weights for name in names),
        channels=weights[projection].shape[0],
        classes=weights[classifier].shape[0],
    )


def _count(pattern: str, names: Iterable[str]) -> int:
    """How many numbers from 0 on a pattern finds; what comes after a gap counts too."""
    found = [int(match[1]) for name in names if (match := re.fullmatch(pattern, name))]
    return max(found, default=-1) + 1
