"""Runtimes that may be absent: imported where they are used, and asked for in one sentence."""

import importlib
from types import ModuleType

from ..compat.versions import is_installed

# The package that a format needs beside PyTorch, by the extra that installs it.
EXTRAS = {
    'onnx': 'onnx',
    'onnxscript': 'onnx',
    'onnxruntime': 'onnx',
    'openvino': 'openvino',
    'nncf': 'openvino',
    'tensorrt': 'tensorrt',
}


class MissingRuntimeError(ModuleNotFoundError):
    """A package that a format needs is not installed."""


def need(package: str, what: str) -> ModuleType:
    """Import a package.

    Args:
        package: A key of :data:`EXTRAS`.
        what: What needs it, the start of the sentence.

    Raises:
        MissingRuntimeError: If it is not installed; the message says how to get it.
    """
    if not is_installed(package):
        raise MissingRuntimeError(
            f'{what} needs {package}, which is not installed; get it with: '
            f"pip install 'mmseg_tome[{EXTRAS[package]}]'",
            name=package,
        )
    return importlib.import_module(package)
