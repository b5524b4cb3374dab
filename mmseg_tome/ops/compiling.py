"""Marks for ``torch.compile``, which cost nothing where nothing is compiled."""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar('F', bound=Callable[..., object])


def constant_when_compiled(function: F) -> F:
    """Let compilers call a function once, while tracing, and take its result for a constant.

    The mark of ``torch.compiler.assume_constant_result``, which itself imports the whole compiler:
    that takes as long as importing torch.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function
