"""Switching a built model from one strategy to another."""

import sys

from torch import nn

from .compat.versions import require_openmmlab
from .strategies import TomeCfg, parse_tome_cfg

_STOCK_MODULE = 'mmseg.models.backbones.mit'


def apply_tome(model: nn.Module, tome_cfg: TomeCfg) -> nn.Module:
    """Switch a built model to a merging strategy, in place.

    Works on mmseg and mmpose models and on a bare backbone, also on one that was built with mmseg's
    stock ``MixVisionTransformer``. Weights, device, dtype and training mode stay as they are, and
    ``apply_tome(model, None)`` switches merging off again.

    Args:
        model: A model with at least one ``MixVisionTransformer`` in it.
        tome_cfg: See :func:`mmseg_tome.strategies.parse_tome_cfg`.

    Returns:
        The same model.

    Raises:
        ValueError: If there is no ``MixVisionTransformer`` in the model, or ``tome_cfg`` is not
            allowed. The model is unchanged then.
        ModuleNotFoundError: If OpenMMLab, whose models these are, is not installed.
    """
    require_openmmlab('apply_tome')
    from .models import MixVisionTransformer

    stock = getattr(sys.modules.get(_STOCK_MODULE), 'MixVisionTransformer', ())
    backbones = [m for m in model.modules() if isinstance(m, (MixVisionTransformer, stock))]
    if not backbones:
        raise ValueError(
            f'apply_tome found no MixVisionTransformer in the {type(model).__name__}: '
            'token merging is for models with a MiT backbone (SegFormer)'
        )
    strategies = [parse_tome_cfg(tome_cfg, backbone.num_stages) for backbone in backbones]
    for backbone, strategy in zip(backbones, strategies, strict=True):
        if not isinstance(backbone, MixVisionTransformer):
            _convert(backbone)
        backbone.set_strategy(strategy)
    return model


def _convert(stock_backbone: nn.Module) -> None:
    """Turn a stock backbone into ours by changing the classes of its modules.

    Ours hold the same children and attributes under the same names, and differ in forward alone. So
    everything that a module carries (parameters, hooks, device, mode) stays, and so does every
    reference to it.
    """
    from .models import MixVisionTransformer
    from .models.attention import EfficientMultiheadAttention
    from .models.mit import TransformerEncoderLayer
    from .models.mix_ffn import MixFFN

    ours = {
        c.__name__: c
        for c in (
            MixVisionTransformer,
            TransformerEncoderLayer,
            EfficientMultiheadAttention,
            MixFFN,
        )
    }
    for module in stock_backbone.modules():
        if type(module).__module__ == _STOCK_MODULE:
            module.__class__ = ours[type(module).__name__]
