"""SegFormer B0 to B5 with drawn weights: what speed is measured on, without any checkpoint."""

import copy
import math
from functools import lru_cache

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from ..config_files import config_root
from .loading import with_stock_classes
from .workload import PREDICTIONS

VARIANTS = ('b0', 'b1', 'b2', 'b3', 'b4', 'b5')


class Segmentor(nn.Module):
    """Backbone and head: from images ``[B, 3, H, W]`` to scores ``[B, K, H / 4, W / 4]``."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Compute the scores of every class."""
        return self.head(self.backbone(x))


def drawn_segmentor(variant: str, scope: str = 'model', stock: bool = False) -> nn.Module:
    """Build SegFormer for Cityscapes, unmerged, with the variant's drawn weights, in eval mode.

    The weights are the same at every call, on every machine, and with either classes.

    Args:
        variant: One of :data:`VARIANTS`.
        scope: ``'backbone'`` leaves the head out; the output is then a list of four maps.
            ``'whole'`` and ``'slide'`` give a :class:`~mmseg_tome.analysis.predictor.Predictor`.
        stock: Whether it is built of mmseg's own classes.

    Raises:
        ValueError: If there is no such variant.
    """
    if scope in PREDICTIONS:
        from .predictor import Predictor

        cfg = variant_config(variant)
        cfg = with_stock_classes(cfg) if stock else cfg
        return Predictor(cfg, scope, _prototype(variant, stock=True)).eval()
    model = copy.deepcopy(_prototype(variant, stock))
    return (model.backbone if scope == 'backbone' else model).eval()


def variant_config(variant: str) -> Config:
    """The config that a variant is built from: without merging, for Cityscapes.

    Raises:
        ValueError: If there is no such variant.
    """
    if variant not in VARIANTS:
        raise ValueError(f'variant {variant!r}: allowed are {", ".join(VARIANTS)}')
    return copy.deepcopy(_read_variant(variant))


@lru_cache(maxsize=len(VARIANTS))
def _read_variant(variant: str) -> Config:
    (path,) = (config_root() / 'cityscapes').glob(f'segformer_mit-{variant}_none_*.py')
    cfg = Config.fromfile(path)
    cfg.model.backbone.init_cfg = None
    cfg.model.decode_head.norm_cfg = dict(type='BN')  # SyncBN needs several processes
    # Or training steps are not comparable.
    cfg.model.backbone.drop_path_rate = cfg.model.decode_head.dropout_ratio = 0.0
    return cfg


@lru_cache(maxsize=2)
def _prototype(variant: str, stock: bool) -> Segmentor:
    """What models are copied from: building one takes seconds."""
    from mmseg.registry import MODELS

    cfg = variant_config(variant)
    model = (with_stock_classes(cfg) if stock else cfg).model
    with DefaultScope.overwrite_default_scope('mmseg'):  # as it was before, afterwards
        built = Segmentor(MODELS.build(model.backbone), MODELS.build(model.decode_head))
    if stock:
        draw_weights(built)
    else:
        built.load_state_dict(_prototype(variant, stock=True).state_dict())
    return built


def draw_weights(model: Segmentor) -> None:
    """Draw random weights under which attention is far from uniform and outputs stay finite."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                std = (1.5 if 'attn' in name else 1.0) / math.sqrt(parameter[0].numel())
                parameter.normal_(std=std, generator=generator)
            elif name.endswith('bias'):
                parameter.normal_(std=0.1, generator=generator)
        for name, buffer in model.named_buffers():
            if name.endswith('running_mean'):
                buffer.normal_(std=0.1, generator=generator)
            elif name.endswith('running_var'):
                buffer.uniform_(0.5, 1.5, generator=generator)
