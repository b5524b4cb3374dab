"""The rule of :mod:`mmseg_tome.plain` for layers that mmcv and mmengine build."""

from typing import Any, TypeGuard

from mmcv.cnn import Conv2d, ConvModule
from mmcv.cnn.bricks.drop import Dropout, DropPath
from mmengine.model import Sequential
from mmengine.model.utils import _BatchNormXd
from mmengine.utils.dl_utils.parrots_wrapper import SyncBatchNorm
from torch import nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from .. import plain
from ..plain import ACTIVATIONS, DROPOUTS, as_defined, is_depthwise, is_plain

CONVS = {**plain.CONVS, **as_defined(Conv2d)}
# What `norm_cfg` and MMEngine's replacement of SyncBN without processes build, and PyTorch's own.
MAP_NORMS = {**plain.MAP_NORMS, **as_defined(SyncBatchNorm, _BatchNormXd)}
DROPS = {**plain.DROPS, **as_defined(Dropout, DropPath)}
CONV_MODULES = as_defined(ConvModule)
SEQUENTIALS = as_defined(Sequential, nn.Sequential)
ATTENTIONS = as_defined(nn.MultiheadAttention)
LINEARS = {**plain.LINEARS, **as_defined(NonDynamicallyQuantizableLinear)}


def is_pointwise(conv: Any) -> TypeGuard[nn.Conv2d]:
    """Whether a module is a plain 1x1 convolution, which is a linear over the channels."""
    return plain.is_pointwise(conv, CONVS)


def is_idle(drop: nn.Module) -> bool:
    """Whether a module is a plain dropout layer that lets everything through."""
    return plain.is_idle(drop, DROPS)


def is_pointwise_module(module: Any) -> bool:
    """Whether a module is a plain 1x1 convolution, then a norm, then an activation."""
    return (
        is_plain(module, CONV_MODULES)
        and is_pointwise(module.conv)
        and module.order == ('conv', 'norm', 'act')
        and not module.with_explicit_padding
        and not (module.with_norm and not is_plain(module.norm, MAP_NORMS))
        and not (module.with_activation and not is_plain(module.activate, ACTIVATIONS))
    )


def is_mix_ffn(layers: Any) -> bool:
    """Whether these are the layers of a MixFFN as it was built."""
    if not is_plain(layers, SEQUENTIALS) or len(layers) != 6:
        return False
    fc1, depthwise, activate, drop, fc2, _ = layers
    return (
        is_pointwise(fc1)
        and is_depthwise(depthwise, CONVS)
        and is_pointwise(fc2)
        and not (fc1.bias is None or depthwise.bias is None or fc2.bias is None)
        and is_plain(activate, ACTIVATIONS)
        and is_plain(drop, DROPOUTS)
    )


def is_attention(attn: Any, embed_dims: int, num_heads: int) -> bool:
    """Whether a module is plain multi-head attention, among tokens of one width."""
    return (
        is_plain(attn, ATTENTIONS)
        and is_plain(attn.out_proj, LINEARS)
        and attn.embed_dim == attn.kdim == attn.vdim == embed_dims
        and attn.num_heads == num_heads
        and not (attn.batch_first or attn.add_zero_attn or attn.bias_k is not None)
    )
