"""Indices that depend on sizes alone, kept for the sizes used last."""

import functools
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch

from .compiling import is_tracing

Indices = TypeVar('Indices')


class IndexCache(Generic[Indices]):
    """A function of sizes and, last, a device, to a tuple of tensors that nobody changes.

    A graph, which is compiled or traced, computes it once for its own sizes, which may be symbolic.

    Args:
        compute: The function.
    """

    most_recent = 64

    def __init__(self, compute: Callable[..., Indices]) -> None:
        functools.update_wrapper(self, compute)
        self._compute = compute
        self.recent: dict[tuple[Any, ...], Indices] = {}
        # A CUDA graph holds addresses: what one refers to is kept for good.
        self.in_graphs: dict[tuple[Any, ...], Indices] = {}

    def __call__(self, *key: Any) -> Indices:
        """Compute, or look up."""
        if torch.compiler.is_compiling() or is_tracing():
            return self._compute(*key)
        return self._look_up(key)

    def _look_up(self, key: tuple[Any, ...]) -> Indices:
        if key in self.in_graphs:
            return self.in_graphs[key]
        capturing = _is_capturing(key[-1])
        indices = self.recent.pop(key, None)
        if indices is None:
            # An inference tensor kept in the cache could not be used by a later training step.
            with torch.inference_mode(False):
                indices = self._compute(*key)
            if capturing:  # they have no values until the graph runs
                return indices
        (self.in_graphs if capturing else self.recent)[key] = indices
        if len(self.recent) > self.most_recent:
            self.recent.pop(next(iter(self.recent)), None)
        return indices


def _is_capturing(device: torch.device) -> bool:
    return device.type == 'cuda' and torch.cuda.is_current_stream_capturing()
