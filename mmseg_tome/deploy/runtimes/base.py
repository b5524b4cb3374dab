"""What every runtime can do: run an exported model on images."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..metadata import Metadata

Array = np.ndarray


@dataclass(frozen=True)
class RuntimeOptions:
    """How a runtime is to compute.

    Args:
        threads: Number of threads on a CPU; 0 for what the runtime takes by itself.
        device: ``'CPU'``, ``'GPU'``, ``'AUTO'`` for OpenVINO; ``'cpu'`` or ``'cuda'`` for others.
        provider: ONNX Runtime's execution provider, such as ``'CUDAExecutionProvider'``.
        precision: OpenVINO's hint, such as ``'bf16'``; empty for that of the model.
    """

    threads: int = 0
    device: str = 'cpu'
    provider: str = 'CPUExecutionProvider'
    precision: str = ''

    def __post_init__(self) -> None:
        if isinstance(self.threads, bool) or not isinstance(self.threads, int) or self.threads < 0:
            raise ValueError(
                f'threads = {self.threads!r} is not allowed: give a whole number, 0 for all'
            )


class Runtime(ABC):
    """A model that was read from a file.

    Args:
        path: The file.
        options: How to compute.

    Raises:
        ValueError: If the file is not one of this package, or an option is not allowed.
        ModuleNotFoundError: If what runs it is not installed.
    """

    name: str
    metadata: Metadata
    #: Whether :meth:`run_with_taps` can look inside.
    has_taps = True

    def __init__(self, path: Path, options: RuntimeOptions) -> None:
        self.path, self.options = path, options

    def __call__(self, images: Array) -> Array:
        """Run a batch, one image after another where the model takes one at once.

        Args:
            images: ``[B, 3, H, W]`` normalized in fp32, or ``[B, H, W, 3]`` in uint8, as
                :meth:`Metadata.describe_input` says.

        Raises:
            ValueError: If the model was exported for another size.
        """
        height, width = images.shape[1:3] if self.metadata.normalize else images.shape[2:]
        self.metadata.check_size(height, width, str(self.path))
        batch = self.metadata.batch or len(images)
        if len(images) % batch:
            raise ValueError(
                f'{self.path} takes {batch} images at once, and got {len(images)}: give a '
                'multiple of that, or export it with --dynamic'
            )
        parts = [self.run(images[i : i + batch]) for i in range(0, len(images), batch)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @abstractmethod
    def run(self, images: Array) -> Array:
        """Run a batch of the size that was exported."""

    def run_with_taps(self, images: Array, names: Sequence[str]) -> list[Array]:
        """Run a batch, and return the output and then tensors inside, by their names."""
        raise NotImplementedError


def missing_metadata(path: Path) -> ValueError:
    """The error for a file that was not exported by this package."""
    return ValueError(
        f'{path} has no metadata of mmseg_tome: export it with `python -m mmseg_tome export`'
    )
