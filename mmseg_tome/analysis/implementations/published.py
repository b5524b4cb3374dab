"""SegFormer as others have it: stock mmseg modules, and the published merging by tomesd."""

import types
from collections.abc import Callable

from mmseg.models.backbones.mit import EfficientMultiheadAttention, MixVisionTransformer
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw
from torch import Tensor
from torch.nn import functional as F

Function = Callable[[Tensor], Tensor]

# Table I of the paper: (rate, width and height of a cell) per stage. Written out, not taken from
# PRESETS, since what is built here is what PRESETS are checked against.
_RATES = {
    'hq': {'kv': [(0.6, 2), (0.6, 2), None, None], 'q': [None, None, (0.8, 4), (0.8, 4)]},
    'fast': {'kv': [(0.9, 4), (0.9, 4), None, None], 'q': [None, None, (0.9, 4), (0.9, 4)]},
}


def tomesd_functions(
    tokens: Tensor, hw: tuple[int, int], rate: float, stride: int
) -> tuple[Function, Function]:
    """Merge and unmerge of tomesd for tokens ``[B, h * w, C]``."""
    from tomesd.merge import bipartite_soft_matching_random2d

    h, w = hw
    num_merged = int(tokens.shape[1] * rate)
    return bipartite_soft_matching_random2d(tokens, w, h, stride, stride, num_merged, no_rand=True)


def make_published(
    backbone: MixVisionTransformer, strategy: str = 'none', fused: bool = False
) -> MixVisionTransformer:
    """Give a stock backbone the merging of the paper, in place.

    Args:
        backbone: mmseg's own backbone.
        strategy: ``'none'``, ``'hq'``, ``'fast'``, ``'n2d_2x2'`` or ``'downsample'``.
        fused: Whether attention is fused. mmseg asks for the attention matrix, and does not use
            it; without that, PyTorch's own module takes the fused way.

    Returns:
        The same backbone.
    """
    if strategy == 'downsample':
        backbone.forward = types.MethodType(_halve_first, backbone)
    for stage, (_, blocks, _) in enumerate(backbone.layers):
        for block in blocks:
            forward = _forward(strategy, stage, fused)
            block.attn.forward = types.MethodType(forward, block.attn)
    return backbone


def _halve_first(self: MixVisionTransformer, x: Tensor) -> list[Tensor]:
    return type(self).forward(self, F.interpolate(x, scale_factor=0.5, mode='nearest'))


def _forward(strategy: str, stage: int, fused: bool) -> Callable:
    rates = _RATES.get(strategy)
    kv_rate, q_rate = (rates['kv'][stage], rates['q'][stage]) if rates else (None, None)

    def forward(
        self: EfficientMultiheadAttention,
        x: Tensor,
        hw_shape: tuple[int, int],
        identity: Tensor | None = None,
    ) -> Tensor:
        q, kv, kv_hw, unmerge = x, x, hw_shape, None
        if self.sr_ratio > 1:
            reduced = self.sr(nlc_to_nchw(x, hw_shape))
            kv_hw = tuple(reduced.shape[2:])
            kv = self.norm(nchw_to_nlc(reduced))
        if kv_rate is not None:
            kv = tomesd_functions(kv, kv_hw, *kv_rate)[0](kv)
        if q_rate is not None:
            merge, unmerge = tomesd_functions(x, hw_shape, *q_rate)
            q = merge(x)
        elif strategy == 'n2d_2x2':
            q, unmerge = _pool(x, hw_shape)
        q, kv = q.transpose(0, 1), kv.transpose(0, 1)
        out = self.attn(query=q, key=kv, value=kv, need_weights=not fused)[0].transpose(0, 1)
        if unmerge is not None:
            out = unmerge(out)
        return (x if identity is None else identity) + self.dropout_layer(self.proj_drop(out))

    return forward


def _pool(x: Tensor, hw: tuple[int, int]) -> tuple[Tensor, Function]:
    pooled = F.avg_pool2d(nlc_to_nchw(x, hw), 2, 2, ceil_mode=True)

    def unmerge(out: Tensor) -> Tensor:
        restored = nlc_to_nchw(out, pooled.shape[2:])
        return nchw_to_nlc(F.interpolate(restored, tuple(hw), mode='nearest'))

    return nchw_to_nlc(pooled), unmerge
