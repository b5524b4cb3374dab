"""INT8 by the runtimes' own tools, calibrated on pictures.

Weights are quantized per channel, activations by what they were on the pictures. In ONNX, products
of two activations stay in fp32, and so do attention and matching; for OpenVINO, NNCF decides.
"""

import importlib
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .missing import need
from .tracing import INPUT


def quantize_openvino(model: Any, pictures: Sequence[np.ndarray]) -> Any:
    """Quantize an OpenVINO model by NNCF.

    Args:
        model: In fp32.
        pictures: As the model takes them, one batch each.

    Raises:
        ModuleNotFoundError: If nncf is not installed.
    """
    nncf: Any = need('nncf', 'INT8 for OpenVINO')
    nncf.set_log_level(logging.ERROR)
    return nncf.quantize(
        model,
        nncf.Dataset(list(pictures)),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pictures),
    )


def quantize_onnx(model: Any, pictures: Sequence[np.ndarray]) -> Any:
    """Quantize an ONNX model by ONNX Runtime, in its QDQ form.

    Args:
        model: In fp32.
        pictures: As the model takes them, one batch each.

    Raises:
        ModuleNotFoundError: If onnxruntime is not installed.
    """
    need('onnxruntime', 'INT8 for ONNX')
    quantization: Any = importlib.import_module('onnxruntime.quantization')
    onnx: Any = need('onnx', 'INT8 for ONNX')

    class Pictures(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._left: Iterator[np.ndarray] = iter(pictures)

        def get_next(self) -> dict[str, np.ndarray] | None:
            picture = next(self._left, None)
            return None if picture is None else {INPUT: picture}

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / 'fp32.onnx', Path(folder) / 'int8.onnx'
        onnx.save(model, str(source))
        quantization.quantize_static(
            str(source),
            str(target),
            Pictures(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=['Conv', 'MatMul', 'Gemm'],
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            extra_options={'MatMulConstBOnly': True},
        )
        return onnx.load(str(target))
