"""State dicts of SegFormer from other formats' names to ours, and back, bit for bit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .names import FORMATS, Format, Layout, Row

BACKBONE, HEAD = 'backbone.', 'decode_head.'
Weights = Mapping[str, Tensor]
_DDP = ('', 'module.')


class CheckpointError(ValueError):
    """A checkpoint is not what it is taken for; the message says what it is in one sentence."""


@dataclass
class Translation:
    """Weights under new names.

    Attributes:
        weights: By their new names. A model with a head has the prefixes ``backbone.`` and
            ``decode_head.``, or the other format's; an encoder alone has none.
        renamed: For each new name the old ones.
        unused: Old names that were left out, each with the reason.
    """

    weights: dict[str, Tensor] = field(default_factory=dict)
    renamed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)


def find_format(weights: Weights) -> Format | None:
    """Find the format of a state dict by its names; None if it is ours, or no SegFormer.

    PVT has NVlabs' names: its first version has no depth-wise convolutions, and its second several
    widths of hidden layers.
    """
    for each in FORMATS:
        for prefix in (*_DDP, *(f'{ddp}{each.prefix}' for ddp in _DDP)):
            first, depthwise = (f'{prefix}{name}' for name in _names(each, 0)[:2])
            if first in weights and depthwise in weights and _has_one_ratio(weights, each, prefix):
                return each
    return None


def to_ours(weights: Weights, source: Format) -> Translation:
    """Rename a state dict of another format.

    Args:
        weights: The state dict of a whole model, of an encoder, or of an ImageNet classifier, which
            is taken for its encoder.
        source: Its format, see :func:`find_format`.

    Raises:
        CheckpointError: If a name is not explained by the format, or one is missing.
    """
    weights = {name.removeprefix('module.'): value for name, value in weights.items()}
    unused = {name: why for name in weights if (why := _why_unused(name, source))}
    whole = any(name.startswith(HEAD) and name not in unused for name in weights)
    prefix = source.prefix if any(name.startswith(source.prefix) for name in weights) else ''
    found = Translation(unused=unused)
    parts = [(prefix, BACKBONE if whole else '', source.encoder)]
    parts += [(HEAD, HEAD, source.head)] if whole else []
    for theirs, ours, rows in parts:
        for row in rows:
            for place in _places(weights, theirs, row.theirs[0]):
                names = tuple(theirs + name.format(**place) for name in row.theirs)
                _check_there(names, weights, source.title)
                new = ours + row.ours.format(**place)
                found.weights[new] = _joined([weights[name] for name in names], row.layout)
                found.renamed[new] = names
    _check_explained(weights, found, source.title)
    return found


def from_ours(weights: Weights, target: Format) -> Translation:
    """Rename a state dict of ours, that is of mmseg.

    Args:
        weights: The state dict of a whole model, or of a backbone.
        target: The format to rename to.

    Raises:
        CheckpointError: If the head is not of the target's form, or a name is not explained.
    """
    whole = any(name.startswith(HEAD) for name in weights)
    prefix = BACKBONE if any(name.startswith(BACKBONE) for name in weights) else ''
    found = Translation()
    parts = [(prefix, target.prefix if whole else '', target.encoder)]
    parts += [(HEAD, HEAD, target.head)] if whole else []
    for ours, theirs, rows in parts:
        for row in rows:
            for place in _places(weights, ours, row.ours):
                old = ours + row.ours.format(**place)
                names = [theirs + name.format(**place) for name in row.theirs]
                for name, value in zip(names, _split(weights[old], row), strict=True):
                    found.weights[name] = value
                    found.renamed[name] = (old,)
    _check_explained(weights, found, 'mmseg')
    return found


def _names(found: Format, stage: int) -> list[str]:
    """Names of the projection, the depth-wise convolution and the first linear of a stage."""
    rows = {row.ours: row.theirs[0] for row in found.encoder}
    ours = ('layers.{s}.0.projection', *(f'layers.{{s}}.1.{{b}}.ffn.layers.{i}' for i in (1, 0)))
    return [rows[f'{name}.{{p}}'].format(s=stage, n=stage + 1, b=0, p='weight') for name in ours]


def _has_one_ratio(weights: Weights, found: Format, prefix: str) -> bool:
    """Whether hidden layers are as many times as wide as their input in all stages."""
    linears = (weights.get(f'{prefix}{_names(found, stage)[2]}') for stage in range(4))
    return len({linear.shape[0] / linear.shape[1] for linear in linears if linear is not None}) == 1


def _places(weights: Weights, prefix: str, template: str) -> Iterator[dict[str, int | str]]:
    """What stands for the fields of a template in the names that it fits."""
    pattern = re.escape(template)
    for name, what in (('s', r'\d+'), ('n', r'\d+'), ('b', r'\d+'), ('p', r'[a-z_]+')):
        pattern = pattern.replace(re.escape(f'{{{name}}}'), f'(?P<{name}>{what})', 1)
    compiled = re.compile(re.escape(prefix) + pattern)
    for key in weights:
        if match := compiled.fullmatch(key):
            fields = match.groupdict()
            stage = int(fields['s']) if 's' in fields else int(fields.get('n') or 1) - 1
            yield {'s': stage, 'n': stage + 1, 'b': fields.get('b', 0), 'p': fields['p']}


def _joined(parts: list[Tensor], layout: Layout) -> Tensor:
    """The weights of a layer in our layout."""
    first = parts[0]
    if layout is Layout.SPLIT:
        return torch.cat(parts)
    if layout is Layout.LINEAR and first.ndim == 2:
        return first[:, :, None, None]
    return _reversed(first) if layout is Layout.REVERSED else first


def _split(weight: Tensor, row: Row) -> tuple[Tensor, ...]:
    """Our weights of a layer in another layout."""
    if row.layout is Layout.SPLIT:
        third = weight.shape[0] // 3
        sizes = [third, third, third] if len(row.theirs) == 3 else [third, 2 * third]
        return tuple(part.clone() for part in weight.split(sizes))
    if row.layout is Layout.LINEAR and weight.ndim == 4:
        return (weight[:, :, 0, 0],)
    return (_reversed(weight) if row.layout is Layout.REVERSED else weight,)


def _reversed(weight: Tensor) -> Tensor:
    """A fusing kernel ``[D, levels * D, 1, 1]`` with its levels in the opposite order."""
    if weight.ndim < 2:
        return weight
    return torch.cat(weight.split(weight.shape[0], dim=1)[::-1], dim=1)


def _why_unused(name: str, source: Format) -> str | None:
    for template, why in source.unused.items():
        if re.fullmatch(re.escape(template).replace(r'\{p\}', '[a-z]+'), name):
            return why
    return None


def _check_there(names: tuple[str, ...], weights: Weights, title: str) -> None:
    if missing := [name for name in names if name not in weights]:
        raise CheckpointError(f'the {title} checkpoint lacks {", ".join(missing)}')


def _check_explained(weights: Weights, found: Translation, title: str) -> None:
    used = {name for names in found.renamed.values() for name in names} | set(found.unused)
    left = [name for name in weights if name not in used]
    if left:
        more = f' and {len(left) - 3} more' if len(left) > 3 else ''
        raise CheckpointError(
            f'the {title} checkpoint holds what is no part of a SegFormer: '
            f'{", ".join(left[:3])}{more}'
        )
