"""SegFormer of Hugging Face's transformers, with the attentions it offers, and converted."""

from dataclasses import dataclass
from typing import Any, ClassVar

from mmengine.registry import DefaultScope
from torch import Tensor, nn

from ...apply import apply_tome
from ...checkpoints.names import HUGGING_FACE, HUGGING_FACE_5
from ...checkpoints.translate import from_ours
from ...strategies import AUTO, PRESETS
from ..loading import with_stock_classes
from ..variants import Segmentor, draw_weights, variant_config
from ..workload import PREDICTIONS
from .base import Implementation


@dataclass(frozen=True)
class Twin(Implementation):
    """mmseg's backbone with the same weights, merging by its definition, and a bare head."""

    name: ClassVar[str] = 'twin'
    about: ClassVar[str] = "mmseg's backbone with the weights and the head of 'transformers'"

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        from .by_definition import make_by_definition
        from .published import make_published

        model = _twin(variant)
        if stages := PRESETS[self.strategy].stages:
            make_by_definition(model.backbone, stages)
        elif PRESETS[self.strategy].down_sample:
            make_published(model.backbone, self.strategy)
        return (model.backbone if scope == 'backbone' else model).eval()


@dataclass(frozen=True)
class Transformers(Implementation):
    """transformers' own model, unmerged, with fused attention."""

    name: ClassVar[str] = 'transformers'
    about: ClassVar[str] = "transformers' own model with attn_implementation 'sdpa'"
    attention: ClassVar[str] = 'sdpa'

    def __post_init__(self) -> None:
        if self.strategy != 'none':
            raise ValueError(
                f"'{self}': transformers merges nothing; with this project's layers it is "
                f"'transformers_tome {self.strategy}'"
            )

    @property
    def needs(self) -> tuple[str, ...]:
        """The package that it is of, too."""
        return ('mmseg', 'transformers')

    def unavailable_reason(self, device: str = 'cpu', mode: str = 'inference') -> str | None:
        if mode != 'inference':
            return f"'{self}' is measured in inference: leave out --train"
        return super().unavailable_reason(device, mode)

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        return _Called(_transformers_model(variant, self.attention), scope).eval()

    def reference(self) -> Implementation | None:
        return Twin()


@dataclass(frozen=True)
class TransformersEager(Transformers):
    """The same with eager attention."""

    name: ClassVar[str] = 'transformers_eager'
    about: ClassVar[str] = "transformers' own model with attn_implementation 'eager'"
    attention: ClassVar[str] = 'eager'


@dataclass(frozen=True)
class TransformersTome(Transformers):
    """transformers' model with this project's layers, as ``apply_tome`` leaves it."""

    name: ClassVar[str] = 'transformers_tome'
    about: ClassVar[str] = "transformers' model after apply_tome"

    def __post_init__(self) -> None:
        Implementation.__post_init__(self)

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        model = _Called(_transformers_model(variant), scope).eval()
        return apply_tome(model, self.strategy)

    def reference(self) -> Implementation | None:
        # Where 'auto' merges depends on the machine.
        return None if self.strategy == AUTO else Twin(self.strategy)


class _Called(nn.Module):
    """A model of transformers that is called, and answers, as mmseg's do."""

    def __init__(self, model: Any, scope: str) -> None:
        super().__init__()
        if scope in PREDICTIONS:
            raise ValueError('models of transformers are measured without --predict')
        self.scope = scope
        self.model: Any = model.segformer if scope == 'backbone' else model

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """Compute the scores of every class, or the maps of all stages."""
        if self.scope == 'backbone':
            return list(self.model(x, output_hidden_states=True).hidden_states)
        scores: Tensor = self.model(x).logits
        return scores


def _twin(variant: str) -> Segmentor:
    """mmseg's backbone, and our head with bare projections, with drawn weights."""
    from mmseg.registry import MODELS

    cfg = variant_config(variant)
    norm = dict(type='LN', eps=HUGGING_FACE.eps)  # in all layers alike
    backbone = dict(with_stock_classes(cfg).model.backbone, norm_cfg=norm)
    head = dict(cfg.model.decode_head, bare_projections=True)
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = Segmentor(MODELS.build(backbone), MODELS.build(head))
    draw_weights(model)
    return model


def _transformers_model(variant: str, attention: str | None = None) -> Any:
    """A model of transformers with the weights of the twin; by default with its best attention."""
    import transformers

    cfg = variant_config(variant).model
    backbone, head = cfg.backbone, cfg.decode_head
    config = transformers.SegformerConfig(
        depths=list(backbone.num_layers),
        hidden_sizes=[backbone.embed_dims * heads for heads in backbone.num_heads],
        num_attention_heads=list(backbone.num_heads),
        decoder_hidden_size=head.channels,
        num_labels=head.num_classes,
    )
    if attention is not None:
        config._attn_implementation = attention
    model = transformers.SegformerForSemanticSegmentation(config)
    names = HUGGING_FACE_5 if hasattr(model.segformer, 'stages') else HUGGING_FACE
    weights = {
        name.replace('head.', 'decode_head.', 1) if name.startswith('head.') else name: value
        for name, value in _twin(variant).state_dict().items()
    }
    model.load_state_dict(from_ours(weights, names).weights)
    return model
