"""The one way to a model: from a config and a checkpoint, or of a variant with drawn weights."""

import copy
import importlib
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint
from torch import Tensor, nn

from ..config_files import config_root
from ..models import MixVisionTransformer

VARIANTS = ('b0', 'b1', 'b2', 'b3', 'b4', 'b5')
FRAMEWORKS = ('mmseg', 'mmpose')


def load_config(
    path: Path,
    options: Mapping[str, Any] | None = None,
    needs: tuple[str, ...] = ('model',),
    frameworks: tuple[str, ...] = FRAMEWORKS,
) -> Config:
    """Read a config, and change it.

    Args:
        path: The config.
        options: As after ``--cfg-options``.
        needs: The fields that it must have.
        frameworks: Default scopes that it may be for.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it cannot be read, is for another framework, or lacks a field.
    """
    if not path.is_file():
        raise FileNotFoundError(f'config {path}: there is no such file')
    try:
        cfg = Config.fromfile(path)
        cfg.merge_from_dict(dict(options or {}))
    except Exception as error:  # a config is code, and may fail in any way
        raise ValueError(f'{path} cannot be read as a config: {error!r}') from error
    if cfg.get('default_scope', 'mmseg') not in frameworks:
        raise ValueError(f'{path} is for {cfg.default_scope}: allowed are {", ".join(frameworks)}')
    for field in needs:
        if field not in cfg:
            raise ValueError(f'{path} has no {field}: give a config that `mim test` takes')
    return cfg


def load_model(
    cfg: Config, checkpoint: str | Path | None, device: str = 'cpu', stock: bool = False
) -> BaseModel:
    """Build a config's model with all weights of a checkpoint, for inference.

    Args:
        cfg: Of a model of mmseg or mmpose; it is not changed.
        checkpoint: The weights; None for random ones.
        device: Where to put it.
        stock: Whether it is built of mmseg's own classes, see :func:`with_stock_classes`.

    Returns:
        The model in eval mode, as ``init_model`` of its framework returns it.

    Raises:
        FileNotFoundError: If the checkpoint is not there.
        ValueError: If it is not of this model; the message names the first difference.
    """
    if checkpoint is not None:
        _check_is_file(checkpoint)
    cfg = with_stock_classes(cfg) if stock else copy.deepcopy(cfg)
    apis = importlib.import_module(f'{cfg.get("default_scope", "mmseg")}.apis')
    # It reads classes and palette from the checkpoint, but lets weights be missing.
    model = apis.init_model(cfg, None if checkpoint is None else str(checkpoint), 'cpu')
    if checkpoint is not None:
        load_weights(model, checkpoint)
    return model.to(device).eval()


def load_weights(model: nn.Module, checkpoint: str | Path) -> dict:
    """Load all weights of a checkpoint, and return what it says about itself (its ``meta``).

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is not of this model; the message names the first difference.
    """
    _check_is_file(checkpoint)
    try:
        return load_checkpoint(model, str(checkpoint), 'cpu', strict=True).get('meta', {})
    except RuntimeError as error:
        _, *reasons = (line[:200] for line in str(error).splitlines() if line)
        raise ValueError(
            f'{checkpoint} does not fit the config, in {len(reasons)} respects: {reasons[0]}'
        ) from None


def _check_is_file(checkpoint: str | Path) -> None:
    if not Path(checkpoint).is_file():
        raise FileNotFoundError(f'checkpoint {checkpoint}: there is no such file')


def with_stock_classes(cfg: Config) -> Config:
    """The same model built of mmseg's own classes; for pose it has a backbone only."""
    cfg = copy.deepcopy(cfg)  # `Config.copy` shares what is nested
    cfg.model.backbone.pop('tome_cfg', None)
    cfg.model.backbone.type = 'mmseg.models.backbones.mit.MixVisionTransformer'
    if 'decode_head' in cfg.model:
        cfg.model.type = 'mmseg.models.segmentors.encoder_decoder.EncoderDecoder'
        cfg.model.decode_head.type = 'mmseg.models.decode_heads.segformer_head.SegformerHead'
    return cfg


def only_backbone(model: nn.Module) -> MixVisionTransformer:
    """The MiT of a model.

    Raises:
        ValueError: If there is none of this project's, or more than one.
    """
    found = [m for m in model.modules() if isinstance(m, MixVisionTransformer)]
    if len(found) != 1:
        raise ValueError(f'the model has {len(found)} MiTs: only models with one are allowed here')
    return found[0]


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
        stock: Whether it is built of mmseg's own classes.

    Raises:
        ValueError: If there is no such variant.
    """
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
        _draw_weights(built)
    else:
        built.load_state_dict(_prototype(variant, stock=True).state_dict())
    return built


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
        for name, buffer in model.named_buffers():
            if name.endswith('running_mean'):
                buffer.normal_(std=0.1, generator=generator)
            elif name.endswith('running_var'):
                buffer.uniform_(0.5, 1.5, generator=generator)
