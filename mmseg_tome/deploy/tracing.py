"""Tracing a graph by ``torch.export``, with names for what a verification looks at."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ..merging import BipartiteSoftMatching
from ..models.mit import TransformerEncoderLayer
from .graph import Graph
from .matching import recorded_slots

INPUT, OUTPUT = 'images', 'output'
# Exporters want to know; nothing depends on it.
_MOST = 2**15
# Tokens that the smallest map must have on a side: fewer are special cases of many an operation.
_LEAST_TOKENS = 4


@dataclass(frozen=True)
class Traced:
    """A graph as exporters take it.

    Args:
        program: Its outputs are that of the graph, then those of ``layers`` and ``matches``.
        layers: Names of the blocks.
        matches: Names of the matchings, in the order in which they are computed.
    """

    program: ExportedProgram
    layers: tuple[str, ...]
    matches: tuple[str, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of all outputs."""
        return (OUTPUT, *self.layers, *self.matches)


def trace(graph: Graph, images: Tensor, dynamic: bool = False, taps: bool = True) -> Traced:
    """Trace a graph.

    Args:
        graph: What is exported.
        images: An example of what it takes.
        dynamic: Whether batch, height and width may change.
        taps: Whether blocks and matchings are outputs as well, to be looked at.

    Raises:
        ValueError: If the strategy depends on sizes and these may change.
    """
    if dynamic and any(stage.only_if_faster for stage in graph.backbone.strategy.stages):
        raise ValueError(
            "dynamic = True is not possible with tome_cfg = 'auto', which decides by the size of "
            'the image what is merged: name a preset, or export for one size'
        )
    shapes: Any = None
    if dynamic:
        least = least_side(graph)
        sides = [Dim(name, min=least, max=_MOST) for name in ('height', 'width')]
        sizes = {0: Dim('batch', min=1, max=_MOST), 1: sides[0], 2: sides[1]}
        if images.dtype != torch.uint8:
            sizes = {0: sizes[0], 2: sizes[1], 3: sizes[2]}
        shapes = {'images': sizes}
    tapped = _Tapped(graph) if taps else None
    with torch.no_grad():
        program = torch.export.export(
            tapped or graph,
            (images,),
            dynamic_shapes=shapes,
            strict=False,
            # Halves of halves of a size are more than its solver can reason about.
            prefer_deferred_runtime_asserts_over_guards=dynamic,
        )
    if tapped is None:
        return Traced(program, (), ())
    return Traced(program, tapped.names.layers, tapped.names.matches)


def least_side(graph: Graph) -> int:
    """Pixels that an image must have on a side, where sizes are dynamic.

    On smaller ones the last stages would have no whole cell, and merge nothing, or only one, with
    no cell around it to look into: other graphs.
    """
    strategy, strides = graph.backbone.strategy, graph.backbone.strides
    sides = [
        side + (merging.window is not None)
        for stage in strategy.stages
        for merging in (stage.q, stage.kv)
        if isinstance(merging, BipartiteSoftMatching)
        for side in (merging.sx, merging.sy)
    ]
    pixels = math.prod(strides) * max([_LEAST_TOKENS, *sides])
    return 2 * pixels if strategy.down_sample else pixels


class _Names:
    """What the tracer found; it gives a module's own attributes their values back."""

    layers: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()


class _Tapped(nn.Module):
    """A graph whose outputs are followed by those of its blocks, and by its matches."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.inner = graph  # `graph` is a name that exporters use
        self.names = _Names()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        with recorded_layers(self.inner) as layers, recorded_slots() as slots:
            out = self.inner(images)
        self.names.layers = tuple(layers)
        self.names.matches = tuple(f'matches.{number}' for number in range(len(slots)))
        return out, *layers.values(), *slots


@contextmanager
def recorded_layers(graph: Graph) -> Iterator[dict[str, Tensor]]:
    """Collect the output of every block of a forward pass, by the block's name."""
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda module, inputs, output: outputs.update({name: output})

    handles = [
        module.register_forward_hook(keep(f'backbone.{name}'))
        for name, module in graph.backbone.named_modules()
        if isinstance(module, TransformerEncoderLayer)
    ]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
