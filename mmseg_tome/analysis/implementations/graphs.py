"""This project's inference, recorded once and replayed without Python between kernels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

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
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):  # compiles kernels, tunes convolutions, and fills caches beforehand
            infer()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = infer()

    def replay(recorded: object = infer) -> Tensor | list[Tensor]:
        """A graph knows addresses alone: with what it recorded, model and images are kept."""
        graph.replay()
        return out

    return replay
