"""Layers in the form that runtimes compute fastest; the outputs are the same.

PyTorch is fastest where token maps stay ``[B, N, C]`` in memory from end to end, and linears take
the place of 1x1 convolutions. Runtimes choose memory layouts by themselves, and every change of
shape around a wide map is a copy there: they want convolutions.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..models.mit import MIX_FFNS, TransformerEncoderLayer
from ..models.mix_ffn import MixFFN
from ..models.plain import DROPS, is_mix_ffn, is_pointwise, is_pointwise_module
from ..ops import to_map, to_tokens
from ..plain import is_plain


def use_convolutions(model: nn.Module, head: Any) -> nn.Module:
    """Put convolutions for the linears of every MixFFN and of the head, where these are plain.

    Args:
        model: In eval mode; its blocks are changed in place.
        head: Its head.

    Returns:
        What takes the place of the head.
    """
    for block in model.modules():
        if isinstance(block, TransformerEncoderLayer):
            ffn: Any = block.ffn
            if is_plain(ffn, MIX_FFNS) and is_mix_ffn(ffn.layers):
                block.ffn = ConvolutionFFN(ffn)  # type: ignore[assignment]
    return ConvolutionHead(head) if can_be_convolutions(head) else head


class ConvolutionFFN(nn.Module):
    """A MixFFN whose layers are called as stock calls them: on maps, one channel after another.

    Args:
        ffn: Whose layers these are.
    """

    def __init__(self, ffn: MixFFN) -> None:
        super().__init__()
        self.layers = ffn.layers

    def forward(self, x: Tensor, hw_shape: tuple[int, int], identity: Tensor) -> Tensor:
        """Transform tokens ``[B, h * w, C]`` and add ``identity``."""
        return identity + to_tokens(self.layers(to_map(x, hw_shape)))


def can_be_convolutions(head: Any) -> bool:
    """Whether a head is SegFormer's as it was built, with norms that fold into convolutions."""
    kinds = ('SegformerHead', 'SegformerHeatmapHead')
    if type(head).__name__ not in kinds or not type(head).__module__.startswith('mmseg_tome.'):
        return False
    layers = [*head.convs, head.fusion_conv]
    dropout = getattr(head, 'dropout', None)
    return (
        all(is_pointwise_module(layer) and _folds(layer) for layer in layers)
        and is_pointwise(_classifier(head))
        and (dropout is None or is_plain(dropout, DROPS))
    )


class ConvolutionHead(nn.Module):
    """SegFormer's head in convolutions with folded norms, fused before upsampling.

    Args:
        head: One that :func:`can_be_convolutions`.
    """

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.stock = [head]  # hidden from its modules
        levels = [_fold(module) for module in head.convs]
        fusions = _split(_fold(head.fusion_conv), [level.out_channels for level in levels])
        self.branches = nn.ModuleList(
            nn.Sequential(level, module.activate, fusion)
            if module.with_activation
            else _compose(level, fusion)
            for module, level, fusion in zip(head.convs, levels, fusions, strict=True)
        )
        self.activate: nn.Module = head.fusion_conv.activate
        self.classify: nn.Module = _classifier(head)
        self.mode: str = head.interpolate_mode
        is_smooth = 'linear' in self.mode or self.mode == 'bicubic'
        self.align_corners = getattr(head, 'align_corners', False) if is_smooth else None

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Predict ``[B, K, h, w]`` at the size of the first level's map."""
        (head,) = self.stock
        maps = head._transform_inputs(inputs) if hasattr(head, '_transform_inputs') else inputs
        first, *others = (branch(each) for branch, each in zip(self.branches, maps, strict=True))
        for other in others:
            first = first + F.interpolate(
                other, first.shape[2:], mode=self.mode, align_corners=self.align_corners
            )
        return self.classify(self.activate(first))


def _classifier(head: Any) -> Any:
    return head.conv_seg if hasattr(head, 'conv_seg') else head.final_layer


def _folds(module: ConvModule) -> bool:
    norm = module.norm if module.with_norm else None
    if norm is None or type(norm) is nn.Identity:
        return True
    return isinstance(norm, _BatchNorm) and norm.running_mean is not None


def _fold(module: Any) -> Any:
    """The convolution that does what a convolution and its norm do."""
    norm = module.norm if module.with_norm else None
    if norm is None or type(norm) is nn.Identity:
        return module.conv
    return fuse_conv_bn_eval(module.conv, norm)


def _split(conv: Any, channels: Sequence[int]) -> list[nn.Conv2d]:
    """Convolutions whose sum is a convolution of the concatenation; the first has the bias."""
    weights = conv.weight.detach().split(list(channels), dim=1)
    bias = None if conv.bias is None else conv.bias.detach()
    return [_convolution(weight, None if i else bias) for i, weight in enumerate(weights)]


def _compose(first: Any, second: Any) -> nn.Conv2d:
    """One convolution in the place of two that follow each other: of a level that is a linear."""
    kernel = second.weight.detach().flatten(1)
    biases = [] if second.bias is None else [second.bias.detach()]
    if first.bias is not None:
        biases.append(kernel @ first.bias.detach())
    bias = torch.stack(biases).sum(dim=0) if biases else None
    return _convolution((kernel @ first.weight.detach().flatten(1))[..., None, None], bias)


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """A 1x1 convolution with these weights ``[D, C, 1, 1]``."""
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=bias is not None)
    conv.weight = nn.Parameter(weight.clone(), requires_grad=False)
    if bias is not None:
        conv.bias = nn.Parameter(bias.clone(), requires_grad=False)
    return conv
