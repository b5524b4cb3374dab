"""Graphs as OpenVINO files: an ``.xml`` with the operations, a ``.bin`` with the weights."""

import tempfile
from pathlib import Path
from typing import Any

from .metadata import KEY, Metadata
from .missing import need


def convert(onnx_model: Any) -> Any:
    """Convert an ONNX model, by its own reader: that of PyTorch's programs lacks operations.

    Raises:
        ModuleNotFoundError: If openvino is not installed.
    """
    openvino = need('openvino', 'exporting to OpenVINO')
    onnx = need('onnx', 'exporting to OpenVINO')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'model.onnx'
        onnx.save(onnx_model, str(path))
        # Read into memory at once: the file goes.
        return openvino.convert_model(str(path)).clone()


def without_taps(model: Any) -> Any:
    """The model with its first output alone; the others stay inside, under their names."""
    for result in model.get_results()[1:]:
        model.remove_result(result)
    return model


def save(model: Any, path: Path, metadata: Metadata, half_weights: bool = False) -> None:
    """Write a model with its metadata."""
    openvino = need('openvino', 'writing OpenVINO files')
    model.set_rt_info(metadata.to_json(), [KEY])
    openvino.save_model(model, str(path), compress_to_fp16=half_weights)
