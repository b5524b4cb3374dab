"""What is exported: from images to scores or classes, heatmaps or keypoints."""

import copy
from collections.abc import Iterable
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .keypoints import Keypoints
from .layers import use_convolutions

#: What a model may end with, by its task; the first is the default.
OUTPUTS = {'segmentation': ('logits', 'classes'), 'pose': ('heatmaps', 'keypoints')}
_MOST_CLASSES = 256


class Graph(nn.Module):
    """A model between images and its output, ready for exporters.

    Args:
        model: A segmentor or pose estimator with a MiT, in eval mode. It is not changed; weights
            are shared with it where they are the same.
        output: A key of :data:`OUTPUTS`.
        normalize: Whether it takes images as they are read, ``[B, H, W, 3]`` in uint8 and BGR, and
            normalizes them itself.
        convolutions: Whether layers take the form that runtimes want, see
            :func:`~mmseg_tome.deploy.layers.use_convolutions`.

    Raises:
        ValueError: If the model cannot end so, or how it normalizes is not known.
    """

    def __init__(
        self, model: nn.Module, output: str, normalize: bool = False, convolutions: bool = True
    ) -> None:
        super().__init__()
        task = task_of(model)
        if output not in OUTPUTS[task]:
            raise ValueError(
                f'output = {output!r} is not allowed for {task}: give '
                f'{" or ".join(map(repr, OUTPUTS[task]))}'
            )
        twin: Any = _twin(model)
        self.normalize: nn.Module
        self.backbone: Any
        self.neck: nn.Module
        self.head: nn.Module
        self.finish: nn.Module
        self.normalize = Normalize(*normalization(model)) if normalize else nn.Identity()
        self.backbone = twin.backbone
        self.neck = twin.neck if getattr(twin, 'neck', None) is not None else nn.Identity()
        head: Any = head_of(twin)
        self.align_corners = bool(getattr(head, 'align_corners', False))
        self.head = use_convolutions(twin.backbone, head) if convolutions else head
        self.output = output
        self.finish = Keypoints(head.decoder) if output == 'keypoints' else nn.Identity()
        if output == 'classes' and head.out_channels not in range(2, _MOST_CLASSES + 1):
            raise ValueError(
                f"output = 'classes' needs 2 to {_MOST_CLASSES} classes, and the model has "
                f"{head.out_channels}: export 'logits'"
            )
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Compute the output.

        Args:
            images: ``[B, 3, H, W]``, normalized; with ``normalize`` as they are read.

        Returns:
            ``'logits'``: ``[B, K, h, w]`` at the size of the first stage, a quarter of the image's.
            ``'classes'``: ``[B, H, W]`` in uint8. ``'heatmaps'``: ``[B, K, h, w]``.
            ``'keypoints'``: ``[B, K, 3]``: x and y in pixels of the image, and the score.
        """
        x = self.normalize(images)
        scores = self.head(self.neck(self.backbone(x)))
        if self.output == 'classes':
            scores = F.interpolate(
                scores, x.shape[2:], mode='bilinear', align_corners=self.align_corners
            )
            return scores.argmax(1).to(torch.uint8)
        return self.finish(scores)


class Normalize(nn.Module):
    """From images as they are read to what the network sees.

    Args:
        mean: Of each channel, in the order in which the network sees them.
        std: Of each channel.
        bgr_to_rgb: Whether the network sees RGB.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Iterable[float], std: Iterable[float], bgr_to_rgb: bool) -> None:
        super().__init__()
        self.register_buffer('mean', torch.tensor(list(mean)).view(1, -1, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(list(std)).view(1, -1, 1, 1), persistent=False)
        self.bgr_to_rgb = bgr_to_rgb

    def forward(self, images: Tensor) -> Tensor:
        """Normalize ``[B, H, W, 3]`` in uint8 and BGR to ``[B, 3, H, W]`` in fp32."""
        x = images.permute(0, 3, 1, 2).float()
        if self.bgr_to_rgb:
            x = x.flip(1)
        return (x - self.mean) / self.std

    def undo(self, x: Tensor) -> Tensor:
        """The image that was normalized to ``[B, 3, H, W]``."""
        images = x.float() * self.std + self.mean
        if self.bgr_to_rgb:
            images = images.flip(1)
        return images.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def normalization(model: nn.Module) -> tuple[tuple[float, ...], tuple[float, ...], bool]:
    """Mean and standard deviation of each channel, and whether BGR becomes RGB.

    Raises:
        ValueError: If the model's preprocessor does not say.
    """
    preprocessor: Any = getattr(model, 'data_preprocessor', None)
    mean, std = getattr(preprocessor, 'mean', None), getattr(preprocessor, 'std', None)
    if mean is None or std is None:
        raise ValueError(
            'normalize = True needs the mean and std of the data_preprocessor in the config, which '
            'are not there: give them, or export without it'
        )
    # mmseg's name for it, and mmengine's.
    swaps = getattr(preprocessor, 'channel_conversion', None)
    swaps = getattr(preprocessor, '_channel_conversion', False) if swaps is None else swaps
    return tuple(mean.flatten().tolist()), tuple(std.flatten().tolist()), bool(swaps)


def task_of(model: nn.Module) -> str:
    """``'segmentation'`` or ``'pose'``, by the head."""
    return 'pose' if hasattr(head_of(model), 'final_layer') else 'segmentation'


def head_of(model: nn.Module) -> nn.Module:
    """The head of a segmentor or pose estimator.

    Raises:
        ValueError: If it has no backbone, or no head.
    """
    for name in ('decode_head', 'head'):
        head = getattr(model, name, None)
        if isinstance(head, nn.Module) and hasattr(model, 'backbone'):
            return head
    raise ValueError(
        f'{type(model).__name__} cannot be exported: it needs a backbone, and one decode_head '
        '(segmentation) or head (pose)'
    )


def _twin(model: nn.Module) -> Any:
    """A copy that shares the weights."""
    tensors = chain(model.parameters(), model.buffers())
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
