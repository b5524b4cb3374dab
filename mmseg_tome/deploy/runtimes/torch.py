"""PyTorch itself, for programs of ``torch.export``."""

from pathlib import Path

import torch

from ..metadata import Metadata
from ..torch_file import FILE
from .base import Array, Runtime, RuntimeOptions, missing_metadata


class TorchRuntime(Runtime):
    """A ``.pt2`` file in PyTorch. Threads are those of the process."""

    name = 'PyTorch'
    has_taps = False  # its operations are PyTorch's: matches do not differ

    def __init__(self, path: Path, options: RuntimeOptions) -> None:
        super().__init__(path, options)
        files = {FILE: ''}
        program = torch.export.load(path, extra_files=files)
        if not files[FILE]:
            raise missing_metadata(path)
        text: str | bytes = files[FILE]
        self.metadata = Metadata.from_json(text.decode() if isinstance(text, bytes) else text)
        self._device = options.device.lower()
        self._module = program.module().to(self._device)

    @torch.inference_mode()
    def run(self, images: Array) -> Array:
        """Run a batch of the size that was exported."""
        out: Array = self._module(torch.from_numpy(images).to(self._device)).cpu().numpy()
        return out
