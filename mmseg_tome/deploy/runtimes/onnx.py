"""ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..metadata import KEY, Metadata
from ..missing import need
from .base import Array, Runtime, RuntimeOptions, missing_metadata


class OnnxRuntime(Runtime):
    """An ``.onnx`` file in ONNX Runtime, by the execution provider that the options name."""

    name = 'ONNX Runtime'

    def __init__(self, path: Path, options: RuntimeOptions) -> None:
        super().__init__(path, options)
        self._session = self._start(str(path))
        self._tapped: dict[tuple[str, ...], Any] = {}
        found = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        if found is None:
            raise missing_metadata(path)
        self.metadata = Metadata.from_json(found)

    def _start(self, model: str | bytes) -> Any:
        onnxruntime = need('onnxruntime', f'running {self.path}')
        provider, there = self.options.provider, onnxruntime.get_available_providers()
        if provider not in there:
            raise ValueError(
                f'provider = {provider!r} is not in this ONNX Runtime: it has {", ".join(there)}'
            )
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 3
        if self.options.threads:
            settings.intra_op_num_threads = self.options.threads
        return onnxruntime.InferenceSession(model, settings, providers=[provider])

    def run(self, images: Array) -> Array:
        """Run a batch of the size that was exported."""
        return self._run(self._session, images)[0]

    def run_with_taps(self, images: Array, names: Sequence[str]) -> list[Array]:
        """Run a batch, and return the output and then tensors inside, by their names."""
        key = tuple(names)
        if key not in self._tapped:
            self._tapped = {key: self._start(self._with_outputs(names))}  # the last one is kept
        return self._run(self._tapped[key], images)

    def _with_outputs(self, names: Sequence[str]) -> bytes:
        onnx = need('onnx', 'looking into an ONNX file')
        model = onnx.load(str(self.path))
        known = {output for node in model.graph.node for output in node.output}
        for name in names:
            if name not in known:
                raise ValueError(f'{self.path} has no tensor {name!r} inside')
            model.graph.output.append(onnx.ValueInfoProto(name=name))
        serialized: bytes = model.SerializeToString()
        return serialized

    def _run(self, session: Any, images: Array) -> list[Array]:
        found: list[Array] = session.run(None, {session.get_inputs()[0].name: images})
        return found
