"""What ops need to know of compilers and tracers, which costs nothing where there are none."""

from collections.abc import Callable
from typing import TypeVar

import torch

F = TypeVar('F', bound=Callable[..., object])


def constant_when_compiled(function: F) -> F:
    """Let compilers call a function once, while tracing, and take its result for a constant.

    The mark of ``torch.compiler.assume_constant_result``, which itself imports the whole compiler:
    that takes as long as importing torch.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


def is_tracing() -> bool:
    """Whether ``torch.jit.trace`` runs, or what is built on it, such as the old ONNX exporter."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def is_exporting() -> bool:
    """Whether ``torch.export`` runs, or what is built on it, such as the ONNX exporter."""
    exporting = getattr(torch.compiler, 'is_exporting', None)  # since PyTorch 2.7
    return torch.compiler.is_compiling() if exporting is None else bool(exporting())
