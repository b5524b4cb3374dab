"""Does a checkpoint fit a model? Said in one sentence before anything is loaded."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from torch import nn

from .describe import Description, describe
from .foreign import RECORD
from .translate import HEAD, CheckpointError


def fit(module: nn.Module, weights: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Check weights against the model that they are about to be loaded into.

    Models without a MiT backbone are none of our business.

    Args:
        module: A model, or the part of one that has an ``init_cfg``.
        weights: A state dict in our names.

    Returns:
        The weights, without the classifier where that is for another number of classes; and the
        line to log then.

    Raises:
        CheckpointError: If the checkpoint is of another variant, has other channels, another form
            of head or other epsilons, or if none of its names is the model's.
    """
    tensors = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    model = describe(tensors)
    if model is None:
        return weights, None
    record = (getattr(weights, '_metadata', None) or {}).get(RECORD, {})
    name = f"checkpoint '{record['filename']}'" if record else 'the checkpoint'
    name += f' ({record["title"]})' if 'title' in record else ''
    found = describe(weights)
    if not tensors.keys() & weights.keys():
        raise CheckpointError(_why_apart(tensors, weights, model, found, name))
    if found is None or found.prefix != model.prefix:
        return weights, None
    _check_backbone(found, model, name)
    _check_settings(module.get_submodule(model.prefix.rstrip('.')), record, name)
    return _check_head(weights, found, model, name)


def _why_apart(
    tensors: Iterable[str],
    weights: Iterable[str],
    model: Description,
    found: Description | None,
    name: str,
) -> str:
    """Why no name of a checkpoint is one of the model's."""
    if found is not None and found.prefix and not model.prefix:
        return (
            f"{name} holds a whole model, and a backbone is to be loaded: add prefix='backbone.' "
            'to its init_cfg'
        )
    if found is not None and model.prefix and not found.prefix:
        return (
            f'{name} holds a backbone alone, and a whole model is to be loaded: give it to the '
            "backbone, as init_cfg=dict(type='Pretrained', checkpoint=…)"
        )
    return (
        f'{name} has no name in common with the model: it holds {_some(weights)}, '
        f'the model has {_some(tensors)}'
    )


def _check_backbone(found: Description, model: Description, name: str) -> None:
    stages = len(model.widths)  # the model may have fewer
    for size in ('widths', 'depths', 'patch_sizes', 'sr_ratios'):
        theirs, ours = getattr(found, size)[:stages], getattr(model, size)
        if theirs != ours:
            raise CheckpointError(
                f'{name} is of {found}, and the model has {model}: they differ in {size}, '
                f'{theirs} and {ours}'
            )
    if found.mlp_ratio != model.mlp_ratio:
        raise CheckpointError(
            f'{name} has mlp_ratio = {found.mlp_ratio}, and the model {model.mlp_ratio}'
        )
    if found.in_channels != model.in_channels:
        raise CheckpointError(
            f'{name} takes images of {found.in_channels} channels, and the model has '
            f'in_channels = {model.in_channels}: `python -m mmseg_tome convert IN OUT '
            f'--in-channels {model.in_channels}` writes one that fits'
        )


def _check_settings(backbone: Any, record: dict[str, Any], name: str) -> None:
    for key, expected in record.get('settings', {}).items():
        if key.endswith('norm_cfg'):
            place = 'layers.0.0.norm' if key == 'inner_norm_cfg' else 'layers.0.2'
            actual: Any = dict(type='LN', eps=getattr(backbone.get_submodule(place), 'eps', None))
        else:
            actual = list(getattr(backbone, key, expected))
            expected = expected[: len(actual)]  # the model may have fewer stages
        if actual != expected:
            raise CheckpointError(
                f'{name} was trained with {key} = {expected} of the backbone, and the model has '
                f'{actual}: set it in the config'
            )


def _check_head(
    weights: dict[str, Any], found: Description, model: Description, name: str
) -> tuple[dict[str, Any], str | None]:
    if found.head is None or model.head is None:
        return weights, None
    if found.head.bare != model.head.bare:
        forms = {True: 'bare linears', False: 'linears with norm and ReLU'}
        raise CheckpointError(
            f"{name} has a head that projects levels by {forms[found.head.bare]}, and the model's "
            f'has {forms[model.head.bare]}: set decode_head=dict(bare_projections='
            f'{found.head.bare}) in the config'
        )
    if found.head.channels != model.head.channels:
        raise CheckpointError(
            f'size mismatch in decode_head: {name} has {found.head.channels} channels there, and '
            f'the model {model.head.channels}: set decode_head=dict(channels={found.head.channels})'
        )
    if found.head.classes == model.head.classes:
        return weights, None
    kept = OrderedDict(
        (key, value) for key, value in weights.items() if not key.startswith(f'{HEAD}conv_seg.')
    )
    kept._metadata = getattr(weights, '_metadata', {})  # type: ignore[attr-defined]
    return kept, (
        f'{name} is of {found.head.classes} classes, and the model has {model.head.classes}: '
        'the classifier is drawn anew'
    )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f' and {len(names) - 2} more' if len(names) > 2 else ''
    return f'{", ".join(names[:2])}{more}' if names else 'nothing'
