"""Switching a built model from one strategy to another."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from torch import nn

from .compat.versions import require_openmmlab
from .strategies import TomeCfg, parse_tome_cfg

Model = TypeVar('Model', bound=nn.Module)


def apply_tome(model: Model, tome_cfg: TomeCfg) -> Model:
    """Switch a built model to a merging strategy, in place.

    Works on mmseg and mmpose models and on a bare backbone, also on one that was built with mmseg's
    stock ``MixVisionTransformer``, or with classes that were derived from it, its blocks, its
    attention or its MixFFN: their modules change to classes of this project, which have the methods
    of the derived ones. Weights, device, dtype and training mode stay as they are.

    ``apply_tome(model, None)`` switches merging off again: the model computes what stock does. Its
    classes stay this project's.

    Args:
        model: A model with at least one ``MixVisionTransformer`` in it.
        tome_cfg: See :func:`mmseg_tome.strategies.parse_tome_cfg`.

    Returns:
        The same model.

    Raises:
        ValueError: If there is no ``MixVisionTransformer`` in the model, ``tome_cfg`` is not
            allowed, or a derived class overrides what merging replaces, such as ``forward``.
            After this, as after any error, the model is what it was before.
        ModuleNotFoundError: If OpenMMLab, whose models these are, is not installed.
    """
    require_openmmlab('apply_tome')
    from .models.conversion import find_backbones, plan_conversion

    backbones = find_backbones(model)
    if not backbones:
        raise ValueError(
            f'apply_tome found no MixVisionTransformer in the {type(model).__name__}: '
            'token merging is for models with a MiT backbone (SegFormer)'
        )
    strategies = [parse_tome_cfg(tome_cfg, each.num_stages) for each in backbones.values()]
    conversions = [
        each for name, backbone in backbones.items() for each in plan_conversion(backbone, name)
    ]
    with _unchanged_on_error(backbones.values()):
        for module, cls in conversions:
            module.__class__ = cls
        for backbone, strategy in zip(backbones.values(), strategies, strict=True):
            backbone.set_strategy(strategy)
    return model


@contextmanager
def _unchanged_on_error(backbones: Iterable[nn.Module]) -> Iterator[None]:
    """Give every module of the backbones its class and attributes back if something is raised."""
    before = [
        (module, type(module), dict(vars(module)))
        for backbone in backbones
        for module in backbone.modules()
    ]
    try:
        yield
    except BaseException:
        for module, cls, attributes in before:
            # Not by the module's own ways of setting attributes, which may be what failed.
            object.__setattr__(module, '__class__', cls)
            vars(module).clear()
            vars(module).update(attributes)
        raise
