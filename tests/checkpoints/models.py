"""SegFormer with random weights, of this package, of transformers and as NVlabs publishes it."""

import torch
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from tests.baselines.stock import VARIANTS
from tests.checkpoints import nvlabs


def randomize(model: nn.Module) -> nn.Module:
    """Draws weights and statistics with which every layer matters, in fp64 and eval mode."""
    torch.manual_seed(0)
    for module in model.modules():
        for name, value in (*module._parameters.items(), *module._buffers.items()):
            if value is None or not value.is_floating_point():
                continue
            if value.ndim > 1:
                nn.init.normal_(value, std=1.3 / value[0].numel() ** 0.5)
            elif name == 'weight' or name == 'running_var':
                nn.init.uniform_(value, 0.5, 1.5)
            else:
                nn.init.normal_(value, std=0.2)
    return model.double().eval()


def image(channels: int = 3) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(2, channels, 97, 130, dtype=torch.float64)


class Ours(nn.Module):
    """Backbone and head under the names that mmseg gives them."""

    def __init__(self, variant: str, source=None, classes: int = 19, bare: bool = True):
        from mmseg_tome.models import MixVisionTransformer
        from mmseg_tome.models.segformer_head import SegformerHead

        super().__init__()
        init_default_scope('mmseg')
        norms = {}
        if source is not None:
            norms = dict(
                norm_cfg=dict(type='LN', eps=source.eps),
                inner_norm_cfg=dict(type='LN', eps=source.inner_eps),
            )
        self.backbone = MixVisionTransformer(**VARIANTS[variant], **norms)
        self.decode_head = SegformerHead(
            bare_projections=bare,
            in_channels=list(nvlabs.WIDTHS[variant]),
            in_index=[0, 1, 2, 3],
            channels=nvlabs.HEAD_CHANNELS[variant],
            num_classes=classes,
            norm_cfg=dict(type='BN'),
        )
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.decode_head(self.backbone(x))


def hugging_face(cls: str, variant: str, classes: int = 19, **settings) -> nn.Module:
    """A model of transformers, whose attention computes in fp64 too."""
    import transformers

    config = transformers.SegformerConfig(
        depths=nvlabs.DEPTHS[variant],
        hidden_sizes=nvlabs.WIDTHS[variant],
        decoder_hidden_size=nvlabs.HEAD_CHANNELS[variant],
        num_labels=classes,
        **settings,
    )
    model_class = getattr(transformers, cls)
    if model_class._supports_sdpa:  # since 5.24, whose eager attention rounds its softmax to fp32
        config._attn_implementation = 'sdpa'
    return randomize(model_class(config))
