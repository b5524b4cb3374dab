"""SegFormers of several makes with the same weights, for measuring them against each other."""

import copy
import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..config_files import config_root
from ..strategies import PRESETS
from .published import make_published

VARIANTS = ('b0', 'b1', 'b2', 'b3', 'b4', 'b5')
MAKES = {
    'stock': "mmseg's own modules, merging by tomesd: the published code",
    'fused': 'the same with fused attention',
    'ours': 'this project',
    'graphed': 'this project, recorded once as a CUDA graph and replayed',
    'compiled': "this project by torch.compile(mode='reduce-overhead'), which replays graphs too",
}


@dataclass(frozen=True)
class Column:
    """One of the models of a comparison.

    Args:
        make: A key of :data:`MAKES`.
        strategy: A key of :data:`mmseg_tome.PRESETS`.
    """

    make: str
    strategy: str

    def __str__(self) -> str:
        return f'{self.make} {self.strategy}'


STOCK = Column('stock', 'none')
FUSED = Column('fused', 'none')


def columns(graphs: bool = False) -> list[Column]:
    """Stock, stock with fused attention, the published merging, ours, and ours as CUDA graphs."""
    published = [Column('stock', s) for s in PRESETS if s not in ('none', 'downsample')]
    ours = [Column('ours', strategy) for strategy in PRESETS]
    graphed = [Column('graphed', strategy) for strategy in PRESETS if graphs]
    return [STOCK, FUSED, *published, *ours, *graphed]


def all_columns() -> list[Column]:
    """The columns that can be asked for by name: the usual ones, and the compiled models."""
    return [*columns(graphs=True), *(Column('compiled', strategy) for strategy in PRESETS)]


class Segmentor(nn.Module):
    """Backbone and head: from images ``[B, 3, H, W]`` to scores ``[B, K, H / 4, W / 4]``."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.backbone(x))


def build_segmentor(variant: str, column: Column, backbone_only: bool = False) -> nn.Module:
    """Build SegFormer for Cityscapes with the variant's random weights, in eval mode.

    Args:
        variant: One of :data:`VARIANTS`.
        column: Make and strategy.
        backbone_only: Whether to leave the head out; the output is then a list of four maps.
    """
    model = copy.deepcopy(_prototype(variant, column.make in ('stock', 'fused')))
    if column.make not in ('stock', 'fused'):
        from ..apply import apply_tome

        apply_tome(model, column.strategy)
    elif column != STOCK:
        make_published(model.backbone, column.strategy, fused=column.make == 'fused')
    return (model.backbone if backbone_only else model).eval()


@lru_cache(maxsize=2)
def _prototype(variant: str, stock: bool) -> Segmentor:
    """What models are copied from: building one takes seconds."""
    model = _build(variant, stock)
    if stock:
        _draw_weights(model)
    else:
        model.load_state_dict(_prototype(variant, stock=True).state_dict())
    return model


def _build(variant: str, stock: bool) -> Segmentor:
    from mmseg.registry import MODELS

    (path,) = (config_root() / 'cityscapes').glob(f'segformer_mit-{variant}_none_*.py')
    cfg = Config.fromfile(path).model
    cfg.backbone.init_cfg = None
    cfg.decode_head.norm_cfg = dict(type='BN')  # SyncBN needs several processes
    cfg.backbone.drop_path_rate = cfg.decode_head.dropout_ratio = 0.0  # or steps are not comparable
    if stock:
        cfg.backbone.pop('tome_cfg', None)
        cfg.backbone.type = 'mmseg.models.backbones.mit.MixVisionTransformer'
        cfg.decode_head.type = 'mmseg.models.decode_heads.segformer_head.SegformerHead'
    with DefaultScope.overwrite_default_scope('mmseg'):  # as it was before, afterwards
        return Segmentor(MODELS.build(cfg.backbone), MODELS.build(cfg.decode_head))


def _draw_weights(model: Segmentor) -> None:
    """Draw random weights under which attention is far from uniform and outputs stay finite."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                std = (1.5 if 'attn' in name else 1.0) / math.sqrt(parameter[0].numel())
                parameter.normal_(std=std, generator=generator)
            elif name.endswith('bias'):
                parameter.normal_(std=0.1, generator=generator)
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.running_mean.normal_(std=0.1, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
