"""Switching a built model from one strategy to another."""

import sys
from collections.abc import Iterator
from typing import TypeVar
from weakref import WeakKeyDictionary

from torch import nn

from .compat.versions import is_installed, require_openmmlab
from .conversion import Library, Plan, unchanged_on_error
from .strategies import TomeCfg, parse_tome_cfg

Model = TypeVar('Model', bound=nn.Module)

_said_to_be_left: WeakKeyDictionary[nn.Module, list[str]] = WeakKeyDictionary()


def apply_tome(model: Model, tome_cfg: TomeCfg) -> Model:
    """Switch a built model to a merging strategy, in place.

    Works on models of transformers with a SegFormer encoder, see docs/transformers.md. There the
    layers change to the classes of this project, and the models keep theirs.

    Works on mmseg and mmpose models and on a bare backbone, also on stock ones: the backbone
    ``MixVisionTransformer``, ``SegformerHead`` and ``EncoderDecoder`` change to the classes of this
    project, which merge, and are faster unmerged too. A backbone may be of classes that were
    derived from mmseg's, its blocks, its attention or its MixFFN; the converted ones have the
    methods of the derived ones. Other heads and segmentors stay as they are. What was converted
    and what was left is logged, once for a model. Weights, hooks, device, dtype and training mode
    stay as they are, and so does the state dict.

    ``apply_tome(model, None)`` switches merging off again: the model computes what stock does. Its
    classes stay this project's.

    Args:
        model: A model with at least one ``MixVisionTransformer`` or ``SegformerModel`` in it.
        tome_cfg: See :func:`mmseg_tome.strategies.parse_tome_cfg`.

    Returns:
        The same model.

    Raises:
        ValueError: If there is neither in the model, ``tome_cfg`` is not
            allowed, or a derived class of the backbone overrides what merging replaces, such as
            ``forward``. After this, as after any error, the model is what it was before.
        ModuleNotFoundError: If OpenMMLab, whose models these are, is not installed, and it is no
            model of transformers either.
    """
    plans = [(library, library.plan_conversion(model)) for library in _libraries()]
    plans = [(library, plan) for library, plan in plans if plan.backbones]
    if not plans:
        raise ValueError(
            f'apply_tome found no MixVisionTransformer in the {type(model).__name__}: '
            'token merging is for models with a MiT backbone (SegFormer), of mmseg, mmpose or '
            'transformers'
        )
    with unchanged_on_error([module for _, plan in plans for module in plan.modules()]):
        for _, plan in plans:
            for module, cls in plan.conversions:
                module.__class__ = cls
        for _, plan in plans:
            strategies = [parse_tome_cfg(tome_cfg, b.num_stages) for b in plan.backbones.values()]
            for backbone, strategy in zip(plan.backbones.values(), strategies, strict=True):
                backbone.set_strategy(strategy)
    for library, plan in plans:
        _say(library, model, plan)
    return model


def _libraries() -> Iterator[Library]:
    """The modules that each know the models of a library."""
    has_transformers = 'transformers.models.segformer.modeling_segformer' in sys.modules
    if has_transformers:
        from .integrations.transformers import conversion as transformers

        yield transformers
    if is_installed('mmengine'):
        from .models import conversion

        yield conversion
    elif not has_transformers:
        require_openmmlab('apply_tome')


def _say(library: Library, model: nn.Module, plan: Plan) -> None:
    """Log what was converted and what was left; what was left before is said once."""
    if plan.converted or plan.left != _said_to_be_left.get(model, []):
        _said_to_be_left[model] = plan.left
        parts = {'converted': plan.converted, 'left as they are:': plan.left}
        said = [f'{what} {", ".join(names)}' for what, names in parts.items() if names]
        library.log(f'apply_tome {"; ".join(said)}', is_warning=bool(plan.left))
