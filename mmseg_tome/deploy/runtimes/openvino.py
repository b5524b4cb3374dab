"""OpenVINO."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..metadata import KEY, Metadata
from ..openvino_core import openvino_core
from .base import Array, Runtime, RuntimeOptions, missing_metadata

_HINTS = {'fp32': 'f32', 'fp16': 'f16', 'bf16': 'bf16', 'int8': 'f32'}
# Where fp16 is how weights are stored: CPUs that lack it would compute in bf16 instead.
_STORED_ONLY = 'CPU'


class OpenVinoRuntime(Runtime):
    """An ``.xml`` file in OpenVINO.

    OpenVINO computes in bf16 by itself on CPUs that have it; here only where that was exported or
    is asked for.
    """

    name = 'OpenVINO'

    def __init__(self, path: Path, options: RuntimeOptions) -> None:
        super().__init__(path, options)
        self._core = openvino_core(f'running {path}')
        if not path.with_suffix('.bin').is_file():
            raise ValueError(f'{path} lacks its weights: {path.with_suffix(".bin")} is not there')
        model = self._read()
        if not model.has_rt_info([KEY]):
            raise missing_metadata(path)
        self.metadata = Metadata.from_json(model.get_rt_info([KEY]).astype(str))
        self._compiled = self._compile(model)
        self._tapped: dict[tuple[str, ...], Any] = {}

    def _read(self) -> Any:
        return self._core.read_model(str(self.path))

    def _compile(self, model: Any) -> Any:
        device = self.options.device.upper()
        there = [*self._core.available_devices, 'AUTO']
        if device not in there:
            raise ValueError(f'device = {device!r} is not there: OpenVINO has {", ".join(there)}')
        precision = self.options.precision or self.metadata.precision
        if device == _STORED_ONLY and precision == 'fp16':
            precision = 'fp32'
        settings = {'INFERENCE_PRECISION_HINT': _HINTS[precision]}
        if self.options.threads and device == 'CPU':
            settings['INFERENCE_NUM_THREADS'] = str(self.options.threads)
        return self._core.compile_model(model, device, settings)

    def run(self, images: Array) -> Array:
        """Run a batch of the size that was exported."""
        out: Array = self._compiled([images])[0]
        return out.copy()  # the runtime uses its memory again

    def run_with_taps(self, images: Array, names: Sequence[str]) -> list[Array]:
        """Run a batch, and return the output and then tensors inside, by their names."""
        key = tuple(names)
        if key not in self._tapped:
            model = self._read()
            model.add_outputs(list(names))
            self._tapped = {key: self._compile(model)}  # the last one is kept
        found = self._tapped[key]([images])
        return [found[0].copy(), *(found[name].copy() for name in names)]
