"""Token merging built of code that is not ours: stock mmseg modules and tomesd."""

import torch
from mmseg.models.backbones.mit import MixVisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

from mmseg_tome.analysis.implementations.published import make_published

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


def stock_with_tomesd(stock: MixVisionTransformer, strategy: str) -> MixVisionTransformer:
    """Give a stock backbone the merging of the paper: bsm by tomesd, n2d by plain pooling."""
    return make_published(stock, strategy)


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
