"""Checkpoints of trainings: how often they are saved, and what is kept of the last."""

from datetime import datetime
from pathlib import Path

import torch
from mmengine.config import Config

_PARTS = 10  # an interrupted training loses at most this part of itself


def checkpoint_options(cfg: Config) -> list[str]:
    """More frequent checkpoints where the config's are rare; only the last is kept."""
    length = cfg.train_cfg.get('max_iters') or cfg.train_cfg.max_epochs
    hook = cfg.default_hooks.checkpoint
    interval = min(hook.get('interval', length), max(1, length // _PARTS))
    prefix = 'default_hooks.checkpoint'
    return [f'{prefix}.interval={interval}', f'{prefix}.max_keep_ckpts=1']


def copy_weights(source: Path, target: Path) -> None:
    """Copy the weights of a checkpoint, without the optimizer's state, into a new file."""
    checkpoint = torch.load(source, map_location='cpu', weights_only=True)
    meta = checkpoint.get('meta', {})
    if target.exists():
        target.rename(target.with_suffix(f'.replaced-{datetime.now():%Y%m%d-%H%M%S-%f}.pth'))
    kept = {key: meta[key] for key in ('dataset_meta', 'iter', 'epoch') if key in meta}
    torch.save({'state_dict': checkpoint['state_dict'], 'meta': kept}, target)
