"""What runs exported models: one class for each runtime, which is imported where it is used."""

import importlib
from pathlib import Path

from .base import Runtime, RuntimeOptions

__all__ = ['SUFFIXES', 'Runtime', 'RuntimeOptions', 'open_exported']

#: Which class of which module runs a file, by its suffix.
SUFFIXES = {
    '.onnx': ('onnx', 'OnnxRuntime'),
    '.xml': ('openvino', 'OpenVinoRuntime'),
    '.pt2': ('torch', 'TorchRuntime'),
    '.engine': ('tensorrt', 'TensorRtRuntime'),
}


def open_exported(path: Path | str, options: RuntimeOptions | None = None) -> Runtime:
    """Open an exported model in its runtime.

    Args:
        path: A file that this package wrote.
        options: How to compute.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is of another kind, or was not written by this package.
        ModuleNotFoundError: If its runtime is not installed.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{path}: allowed are files that end in {", ".join(SUFFIXES)}')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there is no such file')
    module, name = SUFFIXES[path.suffix]
    kind = getattr(importlib.import_module(f'.{module}', __package__), name)
    runtime: Runtime = kind(path, options or RuntimeOptions())
    return runtime
