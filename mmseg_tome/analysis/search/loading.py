"""The model that is searched for, from its files."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import load_checkpoint
from torch import nn

from ...models import MixVisionTransformer
from ...strategies import PRESETS

SCOPES = ('mmseg', 'mmpose')


def load_config(path: Path, options: Mapping[str, Any], size: tuple[int, int] | None) -> Config:
    """Read a config, and change it.

    Args:
        path: The config.
        options: As after ``--cfg-options``.
        size: Width and height that ``Resize`` in the test pipeline scales to, or None.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it is not the config of a segmentor or pose estimator with a test set, or
            ``size`` cannot be applied.
    """
    if not path.is_file():
        raise FileNotFoundError(f'config {path}: there is no such file')
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(dict(options))
    if cfg.get('default_scope', 'mmseg') not in SCOPES:
        raise ValueError(f'{path} is for {cfg.default_scope}: allowed are {", ".join(SCOPES)}')
    for field in ('model', 'test_dataloader', 'test_evaluator'):
        if field not in cfg:
            raise ValueError(f'{path} has no {field}: give a config that `mim test` takes')
    if size is not None:
        _set_size(cfg, path, size)
    return cfg


def _set_size(cfg: Config, path: Path, size: tuple[int, int]) -> None:
    if is_pose(cfg):
        raise ValueError(
            f'--size {size[0]}x{size[1]}: the input of a pose estimator is that of its codec; give '
            'a config of that size'
        )
    resizes = [step for step in cfg.test_dataloader.dataset.pipeline if step['type'] == 'Resize']
    if len(resizes) != 1:
        raise ValueError(
            f'--size {size[0]}x{size[1]}: the test pipeline of {path} has {len(resizes)} steps '
            'Resize, and not one: leave the size out, or give another config'
        )
    resizes[0].scale = size


def is_pose(cfg: Config) -> bool:
    """Whether the config is for MMPose."""
    return cfg.get('default_scope') == 'mmpose'


def load_model(cfg: Config, checkpoint: Path, device: str) -> nn.Module:
    """Build the config's model with all weights of a checkpoint, for inference.

    Raises:
        FileNotFoundError: If the checkpoint is not there.
        ValueError: If it is not of this model, or the model has not one MiT with as many stages as
            the presets have.
    """
    if not checkpoint.is_file():
        raise FileNotFoundError(f'checkpoint {checkpoint}: there is no such file')
    apis = importlib.import_module(f'{cfg.get("default_scope", "mmseg")}.apis')
    model = apis.init_model(cfg.copy(), None, 'cpu')
    try:
        load_checkpoint(model, str(checkpoint), 'cpu', strict=True)
    except RuntimeError as error:
        _, *reasons = (line[:200] for line in str(error).splitlines() if line)
        raise ValueError(
            f'{checkpoint} does not fit the config, in {len(reasons)} respects: {reasons[0]}'
        ) from None
    stages = only_backbone(model).num_stages
    expected = len(PRESETS['hq'].stages)
    if stages != expected:
        raise ValueError(f'the MiT has {stages} stages, but the presets are for {expected}')
    return model.to(device).eval()


def only_backbone(model: nn.Module) -> MixVisionTransformer:
    """The MiT of a model.

    Raises:
        ValueError: If there is none of this project's, or more than one.
    """
    found = [m for m in model.modules() if isinstance(m, MixVisionTransformer)]
    if len(found) != 1:
        raise ValueError(f'the model has {len(found)} MiTs: rates are searched for models with one')
    return found[0]
