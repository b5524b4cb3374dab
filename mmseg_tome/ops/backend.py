"""The switch that says which implementations may compute the ops."""

import os

BACKENDS = ('auto', 'torch', 'triton', 'reference')
VARIABLE = 'MMSEG_TOME_BACKEND'


def _check(name: str, what: str) -> str:
    if name not in BACKENDS:
        raise ValueError(f'{what} {name!r} is not allowed: give one of {", ".join(BACKENDS)}')
    return name


# Read once: what a process starts with.
_backend = _check(os.environ.get(VARIABLE) or 'auto', f'{VARIABLE} =')


def chosen_backend() -> str:
    """The name of the backend in use."""
    return _backend


class use_backend:
    """Choose who may compute the ops, from now on or for a ``with`` block.

    A process starts with the backend that the environment variable ``MMSEG_TOME_BACKEND`` names, or
    else with ``'auto'``.

    Args:
        name: ``'auto'``: Triton kernels for CUDA tensors in fp32, fp16 and bf16 if triton is
            installed, and on a CPU whatever is fastest there. ``'torch'``: the same without
            kernels. ``'triton'``: kernels, and an error where they cannot run; fp64 alone is
            computed by PyTorch nevertheless. ``'reference'``: every fast path off; each op is its
            plain PyTorch reference.

    Raises:
        ValueError: If there is no such backend.
    """

    def __init__(self, name: str) -> None:
        global _backend
        self._previous, _backend = _backend, _check(name, 'backend')

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        global _backend
        _backend = self._previous
