"""TensorRT, on an NVIDIA GPU."""

from pathlib import Path

import torch

from .. import tensorrt_file
from ..missing import need
from .base import Array, Runtime, RuntimeOptions


class TensorRtRuntime(Runtime):
    """An ``.engine`` file in TensorRT, with PyTorch's memory and stream."""

    name = 'TensorRT'
    has_taps = False

    def __init__(self, path: Path, options: RuntimeOptions) -> None:
        super().__init__(path, options)
        trt = need('tensorrt', f'running {path}')
        self.metadata, engine = tensorrt_file.read(path)
        if not torch.cuda.is_available():
            raise ValueError(f'{path} is a TensorRT engine, and PyTorch sees no CUDA device here')
        runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
        self._engine = runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise ValueError(
                f'{path} was built for another GPU or version of TensorRT: export it again here'
            )
        self._context = self._engine.create_execution_context()
        self._input, self._output = (self._engine.get_tensor_name(i) for i in range(2))

    def run(self, images: Array) -> Array:
        """Run a batch of the size that was exported."""
        x = torch.from_numpy(images).cuda().contiguous()
        self._context.set_input_shape(self._input, tuple(x.shape))
        shape = tuple(self._context.get_tensor_shape(self._output))
        dtype = torch.uint8 if self.metadata.output == 'classes' else torch.float32
        out = torch.empty(shape, dtype=dtype, device=x.device)
        self._context.set_tensor_address(self._input, x.data_ptr())
        self._context.set_tensor_address(self._output, out.data_ptr())
        stream = torch.cuda.current_stream()
        self._context.execute_async_v3(stream.cuda_stream)
        stream.synchronize()
        found: Array = out.cpu().numpy()
        return found
