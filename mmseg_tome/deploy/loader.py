"""Exported models as checkpoints: whoever loads one gets the model, run by its runtime.

``mim test``, ``init_model`` and the inferencers load checkpoints by mmengine, and the hook of
:mod:`mmseg_tome.checkpoints` asks here first. The config stays the user's own: the model is built
as ever, then its backbone is replaced by what runs the file, and the head passes its output on. So
the evaluator, sliding windows, test-time augmentation and flip tests are those of the frameworks.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.nn import functional as F

from ..checkpoints import Loader, register_loader
from .graph import Normalize, head_of, normalization, task_of
from .runtimes import SUFFIXES, Runtime, RuntimeOptions, open_exported

OPTIONS = 'runtime'


def register() -> None:
    """Let mmengine load exported models."""
    register_loader(Loader('exported model', recognizes, read, into))


def recognizes(filename: str) -> bool:
    """Whether a file has the suffix of an exported model."""
    return Path(filename).suffix in SUFFIXES


def read(filename: str, map_location: Any = None) -> dict[str, Any]:
    """What a checkpoint says about itself: the classes and their colors."""
    metadata = open_exported(filename).metadata
    if metadata.task != 'segmentation' or not metadata.classes:
        return {'meta': {}}
    palette = [list(color) for color in metadata.palette]
    return {'meta': {'dataset_meta': {'classes': metadata.classes, 'palette': palette}}}


def into(module: nn.Module, filename: str) -> None:
    """Let a built segmentor or pose estimator be computed by the file.

    Threads, device and provider are those of ``model.test_cfg.runtime``, see
    :class:`~mmseg_tome.deploy.runtimes.RuntimeOptions`.

    Raises:
        ValueError: If the file is of another task, of other classes, or normalizes otherwise.
    """
    runtime = open_exported(filename, runtime_options(getattr(module, 'test_cfg', None)))
    metadata, task = runtime.metadata, task_of(module)
    head: Any = head_of(module)
    if metadata.task != task:
        raise ValueError(f'{filename} is a model for {metadata.task}, and the config is for {task}')
    if metadata.output == 'keypoints':
        raise ValueError(
            f'{filename} gives keypoints, and a config decodes heatmaps: export it with '
            '--output heatmaps'
        )
    mode = (getattr(module, 'test_cfg', None) or {}).get('mode', 'whole')
    if metadata.output == 'classes' and mode != 'whole':
        raise ValueError(
            f'{filename} gives classes, and test_cfg.mode = {mode!r} averages the scores of '
            'windows: export it with --output logits'
        )
    if metadata.classes and len(metadata.classes) != head.out_channels:
        raise ValueError(
            f'{filename} has {len(metadata.classes)} outputs, and the head of the config '
            f'{head.out_channels}'
        )
    if metadata.mean and normalization(module) != _normalization(runtime):
        raise ValueError(
            f'{filename} is for images normalized by mean {metadata.mean} and std {metadata.std}, '
            'and the data_preprocessor of the config has others'
        )
    print_log(
        f'{filename}: {runtime.name}, tome_cfg {metadata.strategy!r}, {metadata.precision}; '
        f"takes {metadata.describe_input()}. The backbone's own tome_cfg is not used",
        logger='current',
    )
    module.backbone = ExportedModel(runtime, head.out_channels)
    if getattr(module, 'neck', None) is not None:
        module.neck = nn.Identity()
    for name, child in list(head.named_children()):
        if next(child.parameters(), None) is not None:  # its weights are in the file
            delattr(head, name)
    head.forward = _first
    if metadata.output == 'classes':
        _guard_classes(module, filename)


def runtime_options(test_cfg: Any) -> RuntimeOptions:
    """Read ``model.test_cfg.runtime``.

    Raises:
        ValueError: If it has a key or a value that is not allowed.
    """
    given = dict((test_cfg or {}).get(OPTIONS) or {})
    allowed = RuntimeOptions.__dataclass_fields__
    if unknown := set(given) - set(allowed):
        raise ValueError(
            f'model.test_cfg.runtime has {sorted(unknown)}: allowed are {", ".join(allowed)}'
        )
    return RuntimeOptions(**given)


class ExportedModel(nn.Module):
    """A file in the place of a backbone: from normalized images to scores.

    Args:
        runtime: What runs it.
        channels: Number of classes or keypoints.
    """

    def __init__(self, runtime: Runtime, channels: int) -> None:
        super().__init__()
        self.runtime, self.channels = runtime, channels
        metadata = runtime.metadata
        # What the file normalizes itself is given to it as it was read.
        self.normalize = Normalize(*_normalization(runtime)) if metadata.normalize else None

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Compute scores ``[B, K, h, w]`` of images ``[B, 3, H, W]``, as a level of maps.

        Raises:
            RuntimeError: If it is asked to learn.
            ValueError: If the file is for another size.
        """
        if self.training and torch.is_grad_enabled():
            raise RuntimeError(
                f'{self.runtime.path} is an exported model and cannot be trained: give a checkpoint'
            )
        x = images.detach().float()
        x = x.contiguous() if self.normalize is None else self.normalize.undo(x)
        out = torch.from_numpy(np.ascontiguousarray(self.runtime(x.cpu().numpy())))
        if self.runtime.metadata.output == 'classes':
            out = F.one_hot(out.long(), self.channels).permute(0, 3, 1, 2).float()
        return (out.to(images.device),)


def _first(maps: Sequence[Tensor]) -> Tensor:
    return maps[0]


def _normalization(runtime: Runtime) -> tuple[tuple[float, ...], tuple[float, ...], bool]:
    metadata = runtime.metadata
    return metadata.mean, metadata.std, metadata.bgr_to_rgb


def _guard_classes(module: Any, filename: str) -> None:
    """Refuse what needs scores: sizes other than the image's, flips."""
    postprocess = module.postprocess_result

    def postprocess_result(seg_logits: Tensor, data_samples: Any = None) -> Any:
        for sample in data_samples or ():
            meta = sample.metainfo
            if meta.get('flip') or tuple(meta['ori_shape'][:2]) != tuple(seg_logits.shape[2:]):
                raise ValueError(
                    f'{filename} gives classes, which can be neither resized nor averaged over '
                    'flips and scales: export it with --output logits'
                )
        return postprocess(seg_logits, data_samples)

    module.postprocess_result = postprocess_result
