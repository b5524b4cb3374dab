"""Small SegFormers of transformers with drawn weights, and mmseg models with the same ones."""

import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn

import mmseg_tome  # noqa: F401 - patches torchvision, which transformers imports
from mmseg_tome.checkpoints.translate import find_format, to_ours
from tests.checkpoints.models import randomize

WIDTHS, HEADS, REDUCTIONS, CLASSES = (16, 32, 80, 128), (1, 2, 5, 8), (8, 4, 2, 1), 7
MODELS = (
    'SegformerForSemanticSegmentation',
    'SegformerForImageClassification',
    'SegformerModel',
)


def has_stages() -> bool:
    """Whether transformers has the layout of 5.9 and later, whose attention is chosen by name."""
    from transformers.models.segformer import modeling_segformer

    return hasattr(modeling_segformer, 'SegformerStage')


def implementations() -> list[str]:
    return ['eager', 'sdpa'] if has_stages() else ['eager']


def build(cls: str = MODELS[0], attention: str | None = None, **settings) -> nn.Module:
    """A model in fp64 and eval mode; eager attention since 5.9 rounds its softmax to fp32."""
    import transformers

    settings = {'classifier_dropout_prob': 0.0, 'drop_path_rate': 0.0} | settings
    config = transformers.SegformerConfig(
        depths=(1, 2, 1, 1),
        hidden_sizes=WIDTHS,
        num_attention_heads=HEADS,
        sr_ratios=REDUCTIONS,
        decoder_hidden_size=24,
        num_labels=CLASSES,
        **settings,
    )
    config._attn_implementation = attention or implementations()[-1]
    return randomize(getattr(transformers, cls)(config))


class Counterpart(nn.Module):
    """Backbone and head for mmseg, of this project, with the weights of a model of transformers."""

    def __init__(self, theirs: nn.Module, tome_cfg=None) -> None:
        from mmseg_tome.models import MixVisionTransformer
        from mmseg_tome.models.segformer_head import SegformerHead

        super().__init__()
        eps = dict(type='LN', eps=1e-5)
        with DefaultScope.overwrite_default_scope('mmseg'):
            self.backbone = MixVisionTransformer(
                embed_dims=WIDTHS[0],
                num_layers=[1, 2, 1, 1],
                num_heads=HEADS,
                sr_ratios=REDUCTIONS,
                drop_path_rate=0.0,
                norm_cfg=eps,
                inner_norm_cfg=eps,
                tome_cfg=tome_cfg,
            )
            self.decode_head = SegformerHead(
                bare_projections=True,
                in_channels=list(WIDTHS),
                in_index=[0, 1, 2, 3],
                channels=24,
                num_classes=CLASSES,
                dropout_ratio=0.0,
                norm_cfg=dict(type='BN'),
            )
        self.double().eval()
        self.load_state_dict(translated(theirs.state_dict()))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode_head(self.backbone(x))


def translated(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights, or gradients by the same names, of a whole model under mmseg's names."""
    return to_ours(weights, find_format(weights)).weights


def image(hw: tuple[int, int] = (97, 130), batch: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, 3, *hw, dtype=torch.float64, generator=generator)


def output(model: nn.Module, x: Tensor) -> Tensor:
    """The scores of a model, or the last map of an encoder."""
    out = model(x)
    return out.logits if 'logits' in out else out.last_hidden_state


def gradients(model: nn.Module) -> dict[str, Tensor]:
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found
