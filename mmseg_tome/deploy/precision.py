"""Graphs in half precisions, with what would overflow or decide in fp32."""

from typing import Any

import torch
from torch import Tensor, nn

from .graph import Graph

DTYPES = {
    **{'fp32': torch.float32, 'fp16': torch.float16, 'bf16': torch.bfloat16},
    'int8': torch.float32,  # before it is quantized
}


class InFP32(nn.Module):
    """A norm that is computed in fp32: its sums of squares overflow in fp16.

    Args:
        norm: The norm, in fp32.
    """

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Normalize, and return what the layers around it take."""
        out: Tensor = self.norm(x.float())
        return out.to(x.dtype)


class Cast(nn.Module):
    """Tensors in another dtype.

    Args:
        dtype: Which.
        inner: What comes before it.
    """

    def __init__(self, dtype: torch.dtype, inner: nn.Module | None = None) -> None:
        super().__init__()
        self.dtype, self.inner = dtype, inner or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Compute what is inside, and cast."""
        out: Tensor = self.inner(x)
        return out.to(self.dtype)


class FP32Head(nn.Module):
    """A head whose scores leave in fp32.

    Args:
        head: The head.
    """

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, maps: Any) -> Tensor:
        """Compute scores."""
        out: Tensor = self.head(maps)
        return out.float()


def in_precision(graph: Graph, dtype: torch.dtype) -> Graph:
    """Compute a graph in another dtype, from images and to outputs in fp32.

    Norms stay in fp32, and so does matching by itself.

    Args:
        graph: In fp32; its modules are changed.
        dtype: Of its weights.
    """
    if dtype == torch.float32:
        return graph
    # Weights are shared with the model: casting a module replaces what it holds.
    for part in (graph.backbone, graph.neck, graph.head):
        _cast(part, dtype)
    graph.normalize = Cast(dtype, graph.normalize)
    graph.head = FP32Head(graph.head)
    return graph


def _cast(module: nn.Module, dtype: torch.dtype) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.LayerNorm):
            setattr(module, name, InFP32(child))
        else:
            _cast(child, dtype)
    for name, weight in module._parameters.items():
        if weight is not None:
            module._parameters[name] = nn.Parameter(weight.detach().to(dtype), requires_grad=False)
    for name, buffer in module._buffers.items():
        if buffer is not None and buffer.is_floating_point():
            module._buffers[name] = buffer.to(dtype)
