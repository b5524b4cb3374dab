"""Turning a built backbone of mmseg into ours, also where its classes were derived from mmseg's.

Ours hold the same children and attributes under the same names as mmseg's, and differ in what they
compute with them. So a module is converted by changing its class: everything that it carries
(parameters, hooks, device, mode) stays, and so does every reference to it. A class that someone
derived from mmseg's becomes one that is derived from both, so that its methods stay too.

That is right only where the derived class leaves alone what ours replaces: ``forward``, and the
names that ours has beside it. What ``__init__`` and ``init_weights`` do is no matter.
"""

import copyreg
import functools
import sys
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import nn

from .attention import EfficientMultiheadAttention
from .mit import MixVisionTransformer, TransformerEncoderLayer
from .mix_ffn import MixFFN

_STOCK_MODULE = 'mmseg.models.backbones.mit'
_OURS = (MixVisionTransformer, TransformerEncoderLayer, EfficientMultiheadAttention, MixFFN)
# A derived class may have its own `init_weights`, and every abstract base class has the other.
_FREE = {'init_weights', '_abc_impl'}


class Conversion(NamedTuple):
    """A module that is to change its class."""

    module: nn.Module
    to: type[nn.Module]


def find_backbones(model: nn.Module) -> dict[str, Any]:
    """Find the MiT backbones of a model, mmseg's and ours, by their names in it."""
    kinds: tuple[type, ...] = (MixVisionTransformer, *_stock(MixVisionTransformer))
    return {name: module for name, module in model.named_modules() if isinstance(module, kinds)}


def plan_conversion(backbone: nn.Module, name: str) -> list[Conversion]:
    """Decide which modules of a backbone change to which class; nothing is changed yet.

    A MixFFN with a forward of its own needs no conversion: merging is the affair of attention.

    Args:
        backbone: One of :func:`find_backbones`.
        name: Its name in the model, for messages.

    Raises:
        ValueError: If something that merging needs to replace was overridden. The message has its
            place in the model, its class and what that overrides.
    """
    conversions: list[Conversion] = []
    obstacles: dict[tuple[str, str], list[str]] = {}
    kind: Any
    for place, module in backbone.named_modules(prefix=name):
        kind = next((cls for cls in _OURS if isinstance(module, _stock(cls))), None)
        if kind is None or isinstance(module, kind):
            continue
        if taken := _overridden(module, kind):
            if kind is not MixFFN:
                what = f'it overrides {", ".join(taken)}'
                obstacles.setdefault((_name(module), what), []).append(place)
        else:
            cls: Any = type(module)
            conversions.append(Conversion(module, converted_class(cls, kind)))
    kinds = {conversion.module: conversion.to for conversion in conversions}
    for place, block in _blocks(backbone, name):
        classes = [kinds.get(module, type(module)) for module in block.modules()]
        for kind in (TransformerEncoderLayer, EfficientMultiheadAttention):
            if not any(issubclass(cls, (kind, *_stock(kind))) for cls in classes):
                what = f'it holds no {kind.__name__} of mmseg or mmseg_tome'
                obstacles.setdefault((_name(block), what), []).append(place)
    if obstacles:
        raise ValueError(
            f'apply_tome cannot convert {"; ".join(map(_obstacle, obstacles.items()))}. '
            "Merging takes the place of mmseg's forward: derive such a class from mmseg_tome's "
            'counterpart in mmseg_tome.models instead. The model is unchanged'
        )
    return conversions


@functools.cache
def converted_class(cls: type[nn.Module], ours: type[nn.Module]) -> type[nn.Module]:
    """Return what a class of mmseg, or derived from one of mmseg's, is converted to.

    Args:
        cls: The class of the module.
        ours: The counterpart of the class of mmseg that it is, or is derived from.

    Returns:
        ``ours`` in place of mmseg's own class. Else a new class, the same one in every call, that
        is derived of both: it computes as ``ours`` does, and has all else from ``cls``.
    """
    if cls in _stock(ours):
        return ours
    # Instances may be made of it: unmerged ones of stock's layers, as `cls` makes them.
    kept = {
        name: getattr(cls, name) for name in ('__init__', '__module__', '__doc__', 'init_weights')
    }
    name = f'ToMe{cls.__name__}'
    return types.new_class(name, (_ByOrigin, ours, cls), {}, lambda space: space.update(kept))


class _ByOrigin:
    """Pickles, and copies, by the class that was converted: its own is found in no module."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced = super().__reduce_ex__(max(int(protocol), 2))
        if not isinstance(reduced, tuple) or reduced[0] is not copyreg.__newobj__:  # type: ignore[attr-defined]
            return reduced  # the class has a way of its own
        _, ours, cls = type(self).__bases__
        return _new_instance, (cls, ours), *reduced[2:]


def _new_instance(cls: Any, ours: Any) -> Any:
    converted = converted_class(cls, ours)
    return converted.__new__(converted)


def _stock(ours: type) -> tuple[type, ...]:
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
    needed = {name for name in vars(ours) if not name.startswith('__')} - _FREE
    by_class = needed & {name for cls in _derived(type(module), ours) for name in vars(cls)}
    on_instance = needed & {
        *vars(module),
        *module._modules,
        *module._parameters,
        *module._buffers,
    }
    found = [*sorted(by_class), *(f'{name} (on the instance)' for name in sorted(on_instance))]
    if ours is EfficientMultiheadAttention and not getattr(module, 'batch_first', True):
        found.append('batch_first (it is False)')  # ours takes no other
    return found


def _blocks(backbone: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    for i, (_, blocks, _) in enumerate(backbone.layers):  # type: ignore[arg-type]
        for j, block in enumerate(blocks):
            yield '.'.join(filter(None, (name, f'layers.{i}.1.{j}'))), block


def _obstacle(obstacle: tuple[tuple[str, str], list[str]]) -> str:
    (cls, what), (first, *others) = obstacle
    more = f', and {len(others)} more like it' if others else ''
    return f'{first or "the model"}, a {cls}{more}: {what}'


def _name(module: nn.Module) -> str:
    return f'{type(module).__module__}.{type(module).__qualname__}'
