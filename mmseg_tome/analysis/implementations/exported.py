"""What is deployed instead of PyTorch: exported models in their runtimes, and stock compiled."""

import tempfile
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ...deploy.missing import need
from ...deploy.openvino_core import openvino_core
from ...deploy.quantize import quantize_openvino
from .base import Implementation
from .ours import Ours
from .stock import Stock

Infer = Callable[[], Tensor | list[Tensor]]


# The runtimes' hint for the dtypes that they are measured in; images and scores are in fp32.
_HINTS = {torch.float32: 'f32', torch.bfloat16: 'bf16'}


@dataclass(frozen=True)
class Exported(Implementation, abstract=True):
    """A model in a runtime, which computes with as many threads as PyTorch does."""

    format: ClassVar[str]
    runtime: ClassVar[str]
    is_exported: ClassVar[bool] = True

    @property
    def needs(self) -> tuple[str, ...]:
        quantizer = ('nncf',) if self.is_quantized and self.runtime == 'openvino' else ()
        return ('mmseg', 'onnx', 'onnxscript', self.runtime, *quantizer)

    @property
    def dtypes(self) -> tuple[torch.dtype, ...]:
        """Of images that it is measured with; images and scores are handed over in fp32."""
        has_bf16 = self.runtime == 'openvino' and not self.is_quantized
        return tuple(_HINTS) if has_bf16 else (torch.float32,)

    def unavailable_reason(self, device: str = 'cpu', mode: str = 'inference') -> str | None:
        if device != 'cpu' or mode != 'inference':
            return f"'{self}' is measured in inference on a CPU: leave out --train and --device"
        return super().unavailable_reason(device, mode)

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        if scope != 'model':
            raise ValueError(f"'{self}' is measured as a whole: without --backbone-only, --predict")
        return Ours(self.strategy).build(variant, scope)

    def inference(self, model: nn.Module, images: Tensor) -> Infer:
        """Export the model for images of this size, and open the file in its runtime.

        Raises:
            ValueError: If the runtime is not measured in the dtype of the images.
        """
        if images.dtype not in self.dtypes:
            allowed = ' or '.join(str(dtype) for dtype in self.dtypes)
            raise ValueError(f"'{self}' is measured in {allowed}, and not in {images.dtype}")
        single = images.float()
        with tempfile.TemporaryDirectory() as folder:  # read into memory at once
            run = self._export(model.float(), single, Path(folder), _HINTS[images.dtype])
        array = single.numpy()
        return lambda: torch.from_numpy(run(array))

    def _export(
        self, model: nn.Module, images: Tensor, folder: Path, hint: str
    ) -> Callable[[np.ndarray], np.ndarray]:
        from ...deploy.export import FORMATS, Settings, export_model
        from ...deploy.runtimes import RuntimeOptions, open_exported

        path = folder / f'model{FORMATS[self.format]}'
        batch, _, height, width = images.shape
        precision = self._precision(hint)
        settings = Settings(self.format, (width, height), batch=batch, precision=precision)
        export_model(model, path, settings, calibration=[images.numpy()])
        return open_exported(path, RuntimeOptions(threads=torch.get_num_threads()))

    def _precision(self, hint: str) -> str:
        return 'int8' if self.is_quantized else {'f32': 'fp32'}.get(hint, hint)

    def reference(self) -> Implementation | None:
        return Ours(self.strategy)


@dataclass(frozen=True)
class OpenVino(Exported):
    """This project's model, exported by it to OpenVINO."""

    name: ClassVar[str] = 'openvino'
    about: ClassVar[str] = 'this project, exported to OpenVINO'
    format: ClassVar[str] = 'openvino'
    runtime: ClassVar[str] = 'openvino'


@dataclass(frozen=True)
class OpenVinoInt8(OpenVino):
    """This project's model in OpenVINO, quantized by what its layers are on the images measured."""

    name: ClassVar[str] = 'openvino_int8'
    about: ClassVar[str] = 'this project, exported to OpenVINO in INT8'
    is_quantized: ClassVar[bool] = True


@dataclass(frozen=True)
class OnnxRuntime(Exported):
    """This project's model, exported by it to ONNX."""

    name: ClassVar[str] = 'onnxruntime'
    about: ClassVar[str] = 'this project, exported to ONNX, in ONNX Runtime'
    format: ClassVar[str] = 'onnx'
    runtime: ClassVar[str] = 'onnxruntime'


@dataclass(frozen=True)
class OnnxRuntimeInt8(OnnxRuntime):
    """This project's model in ONNX Runtime, quantized in the same way."""

    name: ClassVar[str] = 'onnxruntime_int8'
    about: ClassVar[str] = 'this project, exported to ONNX in INT8, in ONNX Runtime'
    is_quantized: ClassVar[bool] = True


@dataclass(frozen=True)
class StockExported(Exported, abstract=True):
    """mmseg's own modules, exported by PyTorch's exporter as they stand."""

    def __post_init__(self) -> None:
        if self.strategy != 'none':
            raise ValueError(f"'{self}': stock merges nothing")

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        return Stock().build(variant, scope)

    def reference(self) -> Implementation | None:
        return Stock()

    def _export(
        self, model: nn.Module, images: Tensor, folder: Path, hint: str
    ) -> Callable[[np.ndarray], np.ndarray]:
        path = folder / 'model.onnx'
        torch.onnx.export(model, (images,), str(path), dynamo=True, verbose=False)
        return self._open(path, images, hint)

    @abstractmethod
    def _open(self, path: Path, images: Tensor, hint: str) -> Callable[[np.ndarray], np.ndarray]:
        """Open the file in the runtime."""


@dataclass(frozen=True)
class StockOpenVino(StockExported):
    """mmseg's own modules in OpenVINO."""

    name: ClassVar[str] = 'stock_openvino'
    about: ClassVar[str] = "mmseg's own modules, exported to OpenVINO as they stand"
    runtime: ClassVar[str] = 'openvino'

    def _open(self, path: Path, images: Tensor, hint: str) -> Callable[[np.ndarray], np.ndarray]:
        openvino, core = need('openvino', str(self)), openvino_core(str(self))
        settings = {
            'INFERENCE_PRECISION_HINT': hint,
            'INFERENCE_NUM_THREADS': str(torch.get_num_threads()),
        }
        model = openvino.convert_model(str(path))
        if self.is_quantized:
            model = quantize_openvino(model, [images.numpy()])
        compiled = core.compile_model(model, 'CPU', settings)
        return lambda images: np.array(compiled([images])[0])  # it uses its memory again


@dataclass(frozen=True)
class StockOpenVinoInt8(StockOpenVino):
    """mmseg's own modules in OpenVINO, quantized in the same way."""

    name: ClassVar[str] = 'stock_openvino_int8'
    about: ClassVar[str] = "mmseg's own modules, exported to OpenVINO in INT8"
    is_quantized: ClassVar[bool] = True


@dataclass(frozen=True)
class StockOnnxRuntime(StockExported):
    """mmseg's own modules in ONNX Runtime."""

    name: ClassVar[str] = 'stock_onnxruntime'
    about: ClassVar[str] = "mmseg's own modules, exported to ONNX as they stand, in ONNX Runtime"
    runtime: ClassVar[str] = 'onnxruntime'

    def _open(self, path: Path, images: Tensor, hint: str) -> Callable[[np.ndarray], np.ndarray]:
        onnxruntime = need('onnxruntime', str(self))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider']
        )
        (given,) = session.get_inputs()

        def run(images: np.ndarray) -> np.ndarray:
            scores: np.ndarray = session.run(None, {given.name: images})[0]
            return scores

        return run


@dataclass(frozen=True)
class StockCompiled(Stock):
    """mmseg's own modules by ``torch.compile``, on any device."""

    name: ClassVar[str] = 'stock_compiled'
    about: ClassVar[str] = "mmseg's own modules by torch.compile"

    def unavailable_reason(self, device: str = 'cpu', mode: str = 'inference') -> str | None:
        if mode != 'inference':
            return f"'{self}' is measured in inference: leave out --train"
        return super().unavailable_reason(device, mode)

    def inference(self, model: nn.Module, images: Tensor) -> Infer:
        compiled: Any = torch.compile(model, dynamic=False)
        return super().inference(compiled, images)

    def reference(self) -> Implementation | None:
        return Stock()
