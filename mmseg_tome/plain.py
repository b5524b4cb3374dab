"""The one rule for every fast path: may it stand in for these layers, or must it call them?

A fast path reads the weights of layers and never calls them. That is right only where a layer is
what the path takes it for. People change layers: adapters, pruning and quantization put others in
their place or compute weights anew at every call, and hooks want to see what goes through. So each
forward pass asks here, which also sees what was added since the last one. Where the answer is no,
the layers are called as stock calls them.

Here are PyTorch's own layers; other libraries' are beside what is built of them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

from torch import nn
from torch.nn.modules import module as torch_module
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

Forward = tuple[type[nn.Module], Callable[..., Any]]
Classes = Mapping[type[nn.Module], tuple[Forward, ...]]
"""Classes, each with the forward that it and its bases were defined with."""


def as_defined(*classes: type[nn.Module]) -> Classes:
    """Remember the forward of classes, but of none that somebody has patched already."""
    found = {cls: tuple(_forwards(cls)) for cls in classes}
    return {cls: forwards for cls, forwards in found.items() if all(map(_is_own, forwards))}


def _forwards(cls: type[nn.Module]) -> Iterator[Forward]:
    base: Any
    for base in cls.__mro__[: cls.__mro__.index(nn.Module)]:
        if base is cls or 'forward' in vars(base):
            yield base, base.forward  # mmcv's convolution calls PyTorch's, and so on


def _is_own(forward: Forward) -> bool:
    cls, function = forward
    owner = next(base for base in cls.__mro__ if 'forward' in vars(base))
    return function.__module__ == owner.__module__ and not hasattr(function, '__wrapped__')


LINEARS = as_defined(nn.Linear)
CONVS = as_defined(nn.Conv2d)
TOKEN_NORMS = as_defined(nn.LayerNorm)  # each token by itself
MAP_NORMS = as_defined(nn.BatchNorm2d, nn.SyncBatchNorm, nn.GroupNorm, nn.Identity)
# Element by element.
ACTIVATIONS = as_defined(
    *(nn.GELU, nn.ReLU, nn.SiLU, nn.Mish, nn.Hardswish, nn.LeakyReLU, nn.Identity)
)
DROPOUTS = as_defined(nn.Dropout)
DROPS = as_defined(nn.Dropout, nn.Dropout2d, nn.Identity)


def is_plain(module: Any, classes: Classes) -> bool:
    """Whether a module is exactly of one of these classes, and nothing was done to it or to that.

    Adapters and parametrizations have classes of their own.
    """
    cls = type(module)
    if cls not in classes:
        cls = _behind_proxy(cls)
        if cls not in classes:
            return False
    for base, forward in classes[cls]:
        if base.forward is not forward:
            return False
    return is_untouched(module)


def _behind_proxy(cls: type) -> type:
    """The class of a module that ``torch.export`` shows as an instance of one derived from it."""
    bases = cls.__bases__
    return bases[1] if bases[0].__name__ == 'AttrProxy' else cls


def is_untouched(module: nn.Module) -> bool:
    """Whether a module has no hooks, no other forward and no weights with an own arithmetic.

    Nor was it compiled by itself (``module.compile()``), which is asked of its call alone.

    ``prune`` and the older ``weight_norm`` and ``spectral_norm`` compute weights in hooks.
    """
    if (
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or torch_module._global_forward_hooks
        or torch_module._global_forward_pre_hooks
        or torch_module._global_backward_hooks
        or torch_module._global_backward_pre_hooks
        or 'forward' in module.__dict__
        or '_conv_forward' in module.__dict__  # how maps are made to wrap around
        or module._compiled_call_impl is not None
    ):
        return False
    for weight in module._parameters.values():
        if type(weight) is not nn.Parameter and is_traceable_wrapper_subclass(weight):
            return False
    return True


def is_pointwise(conv: Any, classes: Classes = CONVS) -> TypeGuard[nn.Conv2d]:
    """Whether a module is a plain 1x1 convolution, which is a linear over the channels."""
    return (
        is_plain(conv, classes)
        and conv.kernel_size == conv.stride == (1, 1)
        and conv.padding == (0, 0)
        and conv.groups == 1
    )


def is_depthwise(conv: Any, classes: Classes = CONVS) -> bool:
    """Whether a module is a plain depth-wise 3x3 convolution with zeros around the map."""
    return (
        is_plain(conv, classes)
        and conv.kernel_size == (3, 3)
        and conv.stride == conv.padding == conv.dilation == (1, 1)
        and conv.groups == conv.in_channels == conv.out_channels
        and conv.padding_mode == 'zeros'
    )


def is_idle(drop: nn.Module, classes: Classes = DROPS) -> bool:
    """Whether a module is a plain dropout layer that lets everything through."""
    return is_plain(drop, classes) and not drop.training
