"""Turning built models of transformers, with a SegFormer encoder, into ours.

The layers change their classes and the models do not. A layer of a derived class is converted where
that leaves ``forward`` alone, since all that changes is how it is computed. Without the attention
and the first patch embeddings there is no strategy, so one of those that cannot be converted is an
error; other layers compute the same in more time, and stay as they are.
"""

import inspect
from collections.abc import Iterator
from logging import INFO, WARNING
from typing import Any

from torch import nn
from transformers.models.segformer import modeling_segformer as stock
from transformers.utils import logging

from ...compat.versions import require_supported
from ...conversion import Conversion, Plan, class_name, converted_class, part_name
from .attention import MergingAttention
from .embeddings import SegformerOverlapPatchEmbeddings
from .encoder import Encoder, layers
from .head import SegformerDecodeHead

_CLASSES = (*layers.CLASSES, SegformerOverlapPatchEmbeddings, SegformerDecodeHead)
# By the class that each is derived from, which is of the same name.
_OURS: dict[type[nn.Module], Any] = {getattr(stock, ours.__name__): ours for ours in _CLASSES}
# A name below that of transformers: its `set_verbosity` is for this too.
_logger = logging.get_logger(f'transformers.{__name__}')


def plan_conversion(model: nn.Module) -> Plan:
    """Find the SegFormer encoders and decode heads of a model, transformers' and ours.

    An encoder and a head are converted layer by layer; what is said is the whole.

    Returns:
        What changes to which class; nothing is changed yet.

    Raises:
        ValueError: If something that merging needs to replace was overridden. The message has its
            place in the model, its class and what that overrides.
        ImportError: If transformers is of a version that is not supported.
    """
    plan = Plan()
    for name, module in model.named_modules():
        if isinstance(module, stock.SegformerModel):
            plan.backbones[name] = Encoder(module)
        elif not isinstance(module, stock.SegformerDecodeHead):
            continue
        if conversions := list(_plan_layers(module, name, plan)):
            plan.conversions += conversions
            plan.converted.append(part_name(name, module))
    if plan.backbones:
        require_supported('transformers')
    return plan


def log(message: str, is_warning: bool) -> None:
    """Print to transformers' logger, which shows warnings unless it is asked for more or less."""
    _logger.log(WARNING if is_warning else INFO, message)


def _plan_layers(part: nn.Module, name: str, plan: Plan) -> Iterator[Conversion]:
    """Decide which modules of a part change to which class; others are listed as left."""
    for place, module in part.named_modules(prefix=name):
        kind = next((cls for cls in _OURS if isinstance(module, cls)), None)
        if kind is None or isinstance(module, _OURS[kind]):
            continue
        ours = _OURS[kind]
        if not _has_own_forward(module, kind):
            cls: Any = type(module)
            yield Conversion(module, ours if cls is kind else converted_class(cls, ours))
        elif issubclass(ours, (MergingAttention, SegformerOverlapPatchEmbeddings)):
            raise ValueError(
                f'apply_tome cannot convert {place or "the model"}, a {class_name(module)}: it has '
                "a forward of its own, and merging takes the place of transformers'. Apply it "
                'before what changes forward, such as dispatching to several devices. The model is '
                'unchanged'
            )
        else:
            plan.left.append(part_name(place, module))


def _has_own_forward(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a module computes something else than transformers' class that it is derived from."""
    # Layers that can be checkpointed have their forward wrapped anew by every class.
    forward = inspect.unwrap(kind.forward)
    is_patched = forward.__module__ != kind.__module__
    inherited = inspect.unwrap(type(module).forward) is forward
    return is_patched or not inherited or 'forward' in vars(module)
