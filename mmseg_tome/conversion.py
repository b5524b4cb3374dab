"""What it takes to convert a built model of another library: a plan of modules and their classes.

A library is a module of this package that knows the models of one library, see :class:`Library`.
``apply_tome`` asks every one what it finds in a model, and then changes the classes of modules.
Ours hold the same children and attributes under the same names, so that everything a module carries
(parameters, buffers, hooks, device, mode) stays, and so does every reference to it.
"""

import copyreg
import functools
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from torch import nn


class Conversion(NamedTuple):
    """A module that is to change its class."""

    module: nn.Module
    to: type[nn.Module]


@dataclass
class Plan:
    """What a library found in a model; nothing is changed yet.

    Args:
        backbones: What can merge, by name in the model. Once it is converted, each has
            ``num_stages`` and ``set_strategy``, see
            :class:`mmseg_tome.models.mit.MixVisionTransformer`.
        conversions: The modules that change their classes, blocks of backbones among them.
        converted: What is said to be converted: names in the model and classes of whole parts.
        left: The parts that stay as they are although they might have been converted, the same way.
    """

    backbones: dict[str, Any] = field(default_factory=dict)
    conversions: list[Conversion] = field(default_factory=list)
    converted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def modules(self) -> Iterator[nn.Module]:
        """All modules that converting, or switching a backbone to a strategy, may change."""
        for backbone in self.backbones.values():
            yield from backbone.modules()
        for conversion in self.conversions:
            yield conversion.module


class Library(Protocol):
    """What ``apply_tome`` needs of a library: a Python module with these functions is one."""

    def plan_conversion(self, model: nn.Module) -> Plan:
        """Find what belongs to this library in a model, and decide what it is converted to.

        Raises:
            ValueError: If a backbone cannot be converted.
        """

    def log(self, message: str, is_warning: bool) -> None:
        """Tell the user, in the way that this library does; a warning where parts were left."""


def part_name(name: str, module: nn.Module) -> str:
    """How a part of a model is called in messages: by its name in the model, and its class."""
    return f'{name or "the model"} ({class_name(module)})'


def class_name(module: nn.Module) -> str:
    """The full name of a module's class."""
    return f'{type(module).__module__}.{type(module).__qualname__}'


@contextmanager
def unchanged_on_error(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Give every one of the modules its class and attributes back if something is raised."""
    before = [(module, type(module), dict(vars(module))) for module in modules]
    try:
        yield
    except BaseException:
        for module, cls, attributes in before:
            # Not by the module's own ways of setting attributes, which may be what failed.
            object.__setattr__(module, '__class__', cls)
            vars(module).clear()
            vars(module).update(attributes)
        raise


@functools.cache
def converted_class(cls: type[nn.Module], ours: type[nn.Module]) -> type[nn.Module]:
    """Return what a class that was derived from a library's own is converted to.

    Args:
        cls: The class of the module.
        ours: The counterpart of the library's class that it is derived from.

    Returns:
        A new class, the same one in every call, that is derived of both: it computes as ``ours``
        does, and has all else from ``cls``.
    """
    # Instances may be made of it: unmerged ones of the library's layers, as `cls` makes them.
    kept = {
        name: getattr(cls, name)
        for name in ('__init__', '__module__', '__doc__', 'init_weights')
        if hasattr(cls, name)
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
