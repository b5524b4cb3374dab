"""The one way to a model from a config and a checkpoint."""

import copy
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import load_checkpoint
from torch import nn

from ..checkpoints import CheckpointError
from ..models import MixVisionTransformer

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
        _check_is_there(checkpoint)
    cfg = with_stock_classes(cfg) if stock else copy.deepcopy(cfg)
    apis = importlib.import_module(f'{cfg.get("default_scope", "mmseg")}.apis')
    # It reads classes and palette from the checkpoint, but lets weights be missing.
    try:
        model = apis.init_model(cfg, None if checkpoint is None else str(checkpoint), 'cpu')
    except CheckpointError as error:
        raise _refusal(checkpoint, [str(error)]) from None
    if checkpoint is not None:
        load_weights(model, checkpoint)
    return model.to(device).eval()


def load_weights(model: nn.Module, checkpoint: str | Path) -> dict:
    """Load all weights of a checkpoint, and return what it says about itself (its ``meta``).

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is not of this model; the message names the first difference.
    """
    _check_is_there(checkpoint)
    try:
        return load_checkpoint(model, str(checkpoint), 'cpu', strict=True).get('meta', {})
    except CheckpointError as error:
        raise _refusal(checkpoint, [str(error)]) from None
    except RuntimeError as error:
        _, *reasons = (line[:200] for line in str(error).splitlines() if line)
        raise _refusal(checkpoint, reasons) from None


def _refusal(checkpoint: str | Path | None, reasons: list[str]) -> ValueError:
    return ValueError(
        f'{checkpoint} does not fit the config, in {len(reasons)} respects: {reasons[0]}'
    )


def _check_is_there(checkpoint: str | Path) -> None:
    if not Path(checkpoint).exists():  # a folder of Hugging Face is a checkpoint too
        raise FileNotFoundError(f'checkpoint {checkpoint}: there is no such file')


def with_stock_classes(cfg: Config) -> Config:
    """The same model built of mmseg's own classes; for pose it has a backbone only."""
    cfg = copy.deepcopy(cfg)  # `Config.copy` shares what is nested
    for name in ('tome_cfg', 'cuda_graphs'):
        cfg.model.backbone.pop(name, None)
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
