"""Turning built models of mmseg, and mmpose's with mmseg's backbone, into ours.

A backbone is converted also where its classes were derived from mmseg's: it becomes one that is
derived from both, so that its methods stay too. That is right only where the derived class leaves
alone what ours replaces: ``forward``, and the names that ours has beside it. What ``__init__`` and
``init_weights`` do is no matter. Without that there is no merging, so what cannot be converted is
an error.

Head and segmentor compute the same as ours, in more time. So exactly mmseg's classes are converted,
and others stay as they are.
"""

import sys
from collections.abc import Iterator
from typing import Any

from mmengine.logging import print_log
from torch import nn

from ..conversion import Conversion, Plan, class_name, converted_class, part_name
from .attention import EfficientMultiheadAttention
from .mit import MixVisionTransformer, TransformerEncoderLayer
from .mix_ffn import MixFFN

_STOCK_MODULE = 'mmseg.models.backbones.mit'
_OURS = (MixVisionTransformer, TransformerEncoderLayer, EfficientMultiheadAttention, MixFFN)
# A derived class may have its own `init_weights`, and every abstract base class has the other.
_FREE = {'init_weights', '_abc_impl'}


def plan_conversion(model: nn.Module) -> Plan:
    """Find the MiT backbones, heads and segmentors of a model, mmseg's and ours.

    Returns:
        What changes to which class; nothing is changed yet.

    Raises:
        ValueError: If something that merging needs to replace was overridden. The message has its
            place in the model, its class and what that overrides.
    """
    plan = Plan(_find_backbones(model))
    for name, backbone in plan.backbones.items():
        if conversions := _plan_backbone(backbone, name):
            plan.conversions += conversions
            plan.converted.append(part_name(name, backbone))
    if plan.backbones:
        _plan_surroundings(model, plan)
    return plan


def log(message: str, is_warning: bool) -> None:
    """Print to mmengine's logger, which shows what is no warning too."""
    print_log(message, logger='current')


def _find_backbones(model: nn.Module) -> dict[str, nn.Module]:
    kinds: tuple[type[nn.Module], ...] = (MixVisionTransformer, *_stock(MixVisionTransformer))
    return {name: module for name, module in model.named_modules() if isinstance(module, kinds)}


def _plan_surroundings(model: nn.Module, plan: Plan) -> None:
    """Add heads and segmentors to a plan, to be converted or to be left."""
    counterparts, others = _surroundings()
    inside: tuple[str, ...] = ()  # of a head that was named; it may hold more by such names
    for name, module in model.named_modules():
        ours = counterparts.get(type(module))
        if ours is not None and not _on_instance(module, ours):
            plan.conversions.append(Conversion(module, ours))
            plan.converted.append(part_name(name, module))
        elif _is_ours(module) or name.startswith(inside):
            continue
        elif isinstance(module, others) or _is_head(name, module):
            plan.left.append(part_name(name, module))
            inside += (f'{name}.',) if _is_head(name, module) else ()


def _surroundings() -> tuple[dict[type[nn.Module], type[nn.Module]], tuple[type, ...]]:
    """mmseg's classes with ours, and the bases of what is left; none if mmseg was never imported.

    mmpose has no head or pose estimator that is computed in another way here.
    """
    if 'mmseg.models' not in sys.modules:
        return {}, ()
    from mmseg.models.decode_heads.decode_head import BaseDecodeHead
    from mmseg.models.segmentors.base import BaseSegmentor

    from .segformer_head import SegformerHead, StockSegformerHead
    from .segmentor import EncoderDecoder, StockEncoderDecoder

    counterparts: dict[type[nn.Module], type[nn.Module]] = {
        StockSegformerHead: SegformerHead,
        StockEncoderDecoder: EncoderDecoder,
    }
    return counterparts, (BaseDecodeHead, BaseSegmentor)


def _is_ours(module: nn.Module) -> bool:
    package = __name__.partition('.')[0]
    return any(cls.__module__.partition('.')[0] == package for cls in type(module).__mro__)


def _is_head(name: str, module: nn.Module) -> bool:
    """Whether a module is where mmseg and mmpose have a head, of whatever class that is."""
    is_named = name.rpartition('.')[2] in ('decode_head', 'auxiliary_head', 'head')
    return is_named and not isinstance(module, nn.ModuleList)


def _plan_backbone(backbone: nn.Module, name: str) -> list[Conversion]:
    """Decide which modules of a backbone change to which class.

    A MixFFN with a forward of its own needs no conversion: merging is the affair of attention.
    """
    conversions: list[Conversion] = []
    obstacles: dict[tuple[str, str], list[str]] = {}
    for place, module in backbone.named_modules(prefix=name):
        kind = next((cls for cls in _OURS if isinstance(module, _stock(cls))), None)
        if kind is None or isinstance(module, kind):
            continue
        if taken := _overridden(module, kind):
            if kind is not MixFFN:
                what = f'it overrides {", ".join(taken)}'
                obstacles.setdefault((class_name(module), what), []).append(place)
        else:
            cls: Any = type(module)
            is_stock = cls in _stock(kind)
            conversions.append(Conversion(module, kind if is_stock else converted_class(cls, kind)))
    kinds = {conversion.module: conversion.to for conversion in conversions}
    for place, block in _blocks(backbone, name):
        classes = [kinds.get(module, type(module)) for module in block.modules()]
        for kind in (TransformerEncoderLayer, EfficientMultiheadAttention):
            if not any(issubclass(cls, (kind, *_stock(kind))) for cls in classes):
                what = f'it holds no {kind.__name__} of mmseg or mmseg_tome'
                obstacles.setdefault((class_name(block), what), []).append(place)
    if obstacles:
        raise ValueError(
            f'apply_tome cannot convert {"; ".join(map(_obstacle, obstacles.items()))}. '
            "Merging takes the place of mmseg's forward: derive such a class from mmseg_tome's "
            'counterpart in mmseg_tome.models instead. The model is unchanged'
        )
    return conversions


def _stock(ours: type) -> tuple[type[nn.Module], ...]:
    """mmseg's class of that name; none if mmseg's module was never imported."""
    stock = getattr(sys.modules.get(_STOCK_MODULE), ours.__name__, None)
    return () if stock is None else (stock,)


def _derived(cls: type, ours: type[nn.Module]) -> Iterator[type]:
    """The classes that stand between a class and mmseg's, the most derived first."""
    (stock,) = _stock(ours)
    for each in cls.__mro__:
        if each not in stock.__mro__:
            yield each


def _overridden(module: nn.Module, ours: type[nn.Module]) -> list[str]:
    """What ours needs, and the module, or a class that it is of, has for something else."""
    by_class = _replaced(ours) & {n for cls in _derived(type(module), ours) for n in vars(cls)}
    found = [*sorted(by_class), *_on_instance(module, ours)]
    if ours is EfficientMultiheadAttention and not getattr(module, 'batch_first', True):
        found.append('batch_first (it is False)')  # ours takes no other
    return found


def _on_instance(module: nn.Module, ours: type[nn.Module]) -> list[str]:
    """What ours needs, and the module itself has for something else."""
    its = {*vars(module), *module._modules, *module._parameters, *module._buffers}
    return [f'{name} (on the instance)' for name in sorted(_replaced(ours) & its)]


def _replaced(ours: type[nn.Module]) -> set[str]:
    return {name for name in vars(ours) if not name.startswith('__')} - _FREE


def _blocks(backbone: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    for i, (_, blocks, _) in enumerate(backbone.layers):  # type: ignore[arg-type]
        for j, block in enumerate(blocks):
            yield '.'.join(filter(None, (name, f'layers.{i}.1.{j}'))), block


def _obstacle(obstacle: tuple[tuple[str, str], list[str]]) -> str:
    (cls, what), (first, *others) = obstacle
    more = f', and {len(others)} more like it' if others else ''
    return f'{first or "the model"}, a {cls}{more}: {what}'
