"""Token merging built of code that is not ours: stock mmseg modules and tomesd."""

import types

import torch
from mmseg.models.backbones.mit import EfficientMultiheadAttention, MixVisionTransformer
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw
from tomesd.merge import bipartite_soft_matching_random2d
from torch import Tensor, nn
from torch.nn import functional as F

# Table I of the paper, written out by hand: (r, sx, sy) per stage.
BSM_RATES = {
    'hq': {
        'kv': [(0.6, 2, 2), (0.6, 2, 2), None, None],
        'q': [None, None, (0.8, 4, 4), (0.8, 4, 4)],
    },
    'fast': {
        'kv': [(0.9, 4, 4), (0.9, 4, 4), None, None],
        'q': [None, None, (0.9, 4, 4), (0.9, 4, 4)],
    },
}

B0 = dict(
    embed_dims=32,
    num_layers=[2, 2, 2, 2],
    num_heads=[1, 2, 5, 8],
    drop_path_rate=0.0,
)
VARIANTS = {
    'b0': B0,
    'b1': dict(B0, embed_dims=64),
    'b2': dict(B0, embed_dims=64, num_layers=[3, 4, 6, 3]),
    'b3': dict(B0, embed_dims=64, num_layers=[3, 4, 18, 3]),
    'b4': dict(B0, embed_dims=64, num_layers=[3, 8, 27, 3]),
    'b5': dict(B0, embed_dims=64, num_layers=[3, 6, 40, 3]),
}


def relative_difference(actual: Tensor, expected: Tensor) -> float:
    """Norm of the difference over the norm of the expected tensor; NaN stays NaN."""
    actual, expected = actual.double(), expected.double()
    return ((actual - expected).norm() / expected.norm().clamp_min(1e-30)).item()


def tomesd_functions(tokens: Tensor, hw: tuple[int, int], rate: tuple[float, int, int]):
    """Merge and unmerge of tomesd for tokens ``[B, N, C]``."""
    r, sx, sy = rate
    h, w = hw
    return bipartite_soft_matching_random2d(
        tokens, w, h, sx, sy, int(tokens.shape[1] * r), no_rand=True
    )


def stock_with_tomesd(stock: MixVisionTransformer, strategy: str) -> MixVisionTransformer:
    """Give a stock backbone the merging of the paper: bsm by tomesd, n2d by plain pooling."""
    for stage, (_, blocks, _) in enumerate(stock.layers):
        for block in blocks:
            block.attn.forward = types.MethodType(_merged_forward(strategy, stage), block.attn)
    return stock


def _merged_forward(strategy: str, stage: int):
    rates = BSM_RATES.get(strategy)
    kv_rate, q_rate = (rates['kv'][stage], rates['q'][stage]) if rates else (None, None)

    def forward(self: EfficientMultiheadAttention, x, hw_shape, identity=None):
        q, kv, kv_hw, unmerge = x, x, hw_shape, None
        if self.sr_ratio > 1:
            reduced = self.sr(nlc_to_nchw(x, hw_shape))
            kv_hw = tuple(reduced.shape[2:])
            kv = self.norm(nchw_to_nlc(reduced))
        if kv_rate is not None:
            kv = tomesd_functions(kv, kv_hw, kv_rate)[0](kv)
        if q_rate is not None:
            merge, unmerge = tomesd_functions(x, hw_shape, q_rate)
            q = merge(x)
        elif strategy == 'n2d_2x2':
            pooled = F.avg_pool2d(nlc_to_nchw(x, hw_shape), 2, 2, ceil_mode=True)
            q = nchw_to_nlc(pooled)

            def unmerge(out):
                restored = nlc_to_nchw(out, pooled.shape[2:])
                return nchw_to_nlc(F.interpolate(restored, tuple(hw_shape), mode='nearest'))

        q, kv = q.transpose(0, 1), kv.transpose(0, 1)
        out = self.attn(query=q, key=kv, value=kv)[0].transpose(0, 1)
        if unmerge is not None:
            out = unmerge(out)
        return (x if identity is None else identity) + self.dropout_layer(self.proj_drop(out))

    return forward


def plain_fusion(head: nn.Module, levels: list[Tensor]) -> Tensor:
    """The map that SegFormer's head classifies, by its definition: widen, resize, concatenate."""
    mode = head.interpolate_mode
    resized = [
        F.interpolate(
            conv(level),
            levels[0].shape[2:],
            mode=mode,
            align_corners=False if mode == 'bilinear' else None,
        )
        for conv, level in zip(head.convs, levels, strict=True)
    ]
    return head.fusion_conv(torch.cat(resized, dim=1))


def make_pair(variant: str = 'b0', tome_cfg=None, seed: int = 0, **kwargs):
    """Build a stock backbone and ours with the same random weights, in eval mode.

    The weights are larger than an initialization's, so that attention is far from uniform and an
    error in it shows in the output.
    """
    import mmseg_tome.models

    settings = dict(VARIANTS[variant], **kwargs)
    torch.manual_seed(seed)
    stock = MixVisionTransformer(**settings)
    stock.init_weights()
    for name, parameter in stock.named_parameters():
        if parameter.ndim > 1 and ('attn' in name or 'sr' in name):
            nn.init.normal_(parameter, std=1.5 / parameter[0].numel() ** 0.5)
        elif 'bias' in name:
            nn.init.normal_(parameter, std=0.1)
    ours = mmseg_tome.models.MixVisionTransformer(**settings, tome_cfg=tome_cfg)
    ours.load_state_dict(stock.state_dict())
    return stock.eval(), ours.eval()
