"""This project's inference, recorded once and replayed without Python between kernels."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from ...models.cuda_graphs import capture, warm_up
from ..loading import only_backbone
from .base import Implementation
from .ours import Ours


@dataclass(frozen=True)
class Graphed(Ours):
    """Recorded as a CUDA graph. The output is in memory that the next call overwrites."""

    name: ClassVar[str] = 'graphed'
    about: ClassVar[str] = 'this project, recorded once as a CUDA graph and replayed'

    def unavailable_reason(self, device: str = 'cpu', mode: str = 'inference') -> str | None:
        if device.startswith('cuda') and mode == 'inference':
            return super().unavailable_reason(device, mode)
        return "'graphed', 'replayed' and 'compiled' need --device cuda, without --train"

    def reference(self) -> Implementation:
        return Ours(self.strategy)

    def inference(self, model: nn.Module, images: Tensor) -> Callable[[], Tensor | list[Tensor]]:
        return _record(super().inference(model, images))


@dataclass(frozen=True)
class Replayed(Graphed):
    """With ``cuda_graphs=True`` in the backbone's config, as users have it."""

    name: ClassVar[str] = 'replayed'
    about: ClassVar[str] = 'this project with cuda_graphs = True: graphs of the backbone'

    def inference(self, model: nn.Module, images: Tensor) -> Callable[[], Tensor | list[Tensor]]:
        only_backbone(model).cuda_graphs = True
        infer = Ours.inference(self, model, images)
        for _ in range(2):  # the second is recorded
            infer()
        return infer


@dataclass(frozen=True)
class Compiled(Graphed):
    """Compiled by ``torch.compile``, which replays CUDA graphs too."""

    name: ClassVar[str] = 'compiled'
    about: ClassVar[str] = "this project by torch.compile(mode='reduce-overhead')"

    def inference(self, model: nn.Module, images: Tensor) -> Callable[[], Tensor | list[Tensor]]:
        call = torch.compile(model, mode='reduce-overhead', dynamic=False)

        def infer() -> Tensor | list[Tensor]:
            torch.compiler.cudagraph_mark_step_begin()
            with torch.inference_mode():
                return call(images)

        return infer


def _record(infer: Callable[[], Tensor | list[Tensor]]) -> Callable[[], Tensor | list[Tensor]]:
    """Record an inference as a CUDA graph; the result replays it."""
    infer()  # compiles kernels, tunes convolutions, and fills caches
    warm_up(infer)
    graph, out = capture(infer)
    return partial(_replay, graph, out, infer)


def _replay(
    graph: torch.cuda.CUDAGraph, out: Tensor | list[Tensor], recorded: object
) -> Tensor | list[Tensor]:
    """Replay a graph; ``recorded`` keeps the model and the images that it reads."""
    graph.replay()
    return out
