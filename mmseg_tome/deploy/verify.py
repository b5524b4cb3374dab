"""Whether a file computes what the model does, and where it parts from it if not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .graph import Graph
from .matching import Differences, recorded_slots, replayed_slots
from .runtimes import Runtime
from .tracing import recorded_layers


@dataclass(frozen=True)
class Bound:
    """How far a file may be from the model.

    Args:
        relative: Norm of the difference over the norm of the output, with matches held fixed where
            the runtime can be looked into.
        lost: Cosine similarity that a token may lose by being merged into another destination than
            in the model: what rounding explains.
        differing: Percent of pixels with another class, or of keypoints at another place.
    """

    relative: float
    lost: float
    differing: float


#: By precision. Of int8 nothing but the predictions is close to the model's.
BOUNDS = {
    'fp32': Bound(1e-4, 1e-4, 0.5),
    'fp16': Bound(2e-2, 2e-2, 2),
    'bf16': Bound(1e-1, 1e-1, 5),
    'int8': Bound(float('inf'), float('inf'), 10),
}
# Where matches cannot be held fixed, near-ties move the output by more than rounding does.
_NEAR_TIES = 2e-2
# Keypoints that are less than this many pixels apart are at the same place.
_SAME_PLACE = 1.0


@dataclass(frozen=True)
class Comparison:
    """A file beside the model, on one batch of images.

    Args:
        size: Of the images, such as ``'512x256'``.
        relative: Norm of the difference over the norm of the output.
        differing: Percent of pixels with another class, or of keypoints at another place.
        fixed: ``relative`` with the matches held fixed; None where they cannot be.
        matches: How the matches differ; None as well.
    """

    size: str
    relative: float
    differing: float
    fixed: float | None = None
    matches: Differences | None = None

    def problem(self, bound: Bound) -> str:
        """One sentence on what is beyond the bound; empty if nothing is."""
        relative, what = self.relative, 'its output'
        limit = max(bound.relative, _NEAR_TIES)
        if self.fixed is not None:
            relative, what, limit = (
                self.fixed,
                'with the same tokens merged, its output',
                bound.relative,
            )
        if not relative <= limit:
            return (
                f'at {self.size} {what} differs from the model by {relative:.2g} (relative), and '
                f'{limit:g} is allowed'
            )
        if self.matches is not None and not self.matches.lost <= bound.lost:
            return (
                f'at {self.size} it merges tokens into destinations that are less similar by '
                f'{self.matches.lost:.2g}, and {bound.lost:g} is what rounding explains'
            )
        if not self.differing <= bound.differing:
            return (
                f'at {self.size} {self.differing:.2f} % of its predictions are others than the '
                f"model's, and {bound.differing:g} % are allowed"
            )
        return ''

    def describe(self) -> str:
        """Its figures in one line."""
        line = f'{self.size}: relative difference {self.relative:.1e}'
        if self.fixed is not None and self.matches is not None and self.matches.tokens:
            moved = self.matches.moved
            line += f' ({self.fixed:.1e} with the same tokens merged; {moved} of '
            line += f'{self.matches.tokens} matches are others'
            line += f', near-ties within {self.matches.lost:.1e})' if moved else ')'
        return f'{line}, {self.differing:.3f} % of predictions differ'


@torch.no_grad()
def compare(reference: Graph, runtime: Runtime, images: Tensor) -> Comparison:
    """Compare a file with the model.

    Args:
        reference: The model, see :func:`reference_graph`.
        runtime: The file in its runtime.
        images: As both take them.
    """
    expected = reference(images).numpy()
    own = runtime(images.numpy())
    size = 'x'.join(
        map(str, reversed(images.shape[1:3] if images.shape[3] == 3 else images.shape[2:]))
    )
    relative = _relative(own, expected)
    differing = _differing(own, expected, reference.output)
    if not (runtime.has_taps and runtime.metadata.matches):
        fixed = relative if runtime.has_taps else None
        return Comparison(size, relative, differing, fixed)
    with recorded_slots() as recorded:  # on a small map nothing may be merged
        reference(images)
    names = runtime.metadata.matches[: len(recorded)]
    again, *slots = _tapped(runtime, images, names)
    with replayed_slots([torch.from_numpy(slot) for slot in slots]) as matches:
        replayed = reference(images).numpy()
    return Comparison(size, relative, differing, _relative(again, replayed), matches)


@torch.no_grad()
def first_difference(reference: Graph, runtime: Runtime, images: Tensor, bound: Bound) -> str:
    """The first block whose output is beyond the bound, with the same tokens merged.

    Returns:
        One sentence; empty where the runtime cannot be looked into.
    """
    if not runtime.has_taps:
        return ''
    layers, matches = runtime.metadata.layers, runtime.metadata.matches
    _, *found = _tapped(runtime, images, [*layers, *matches])
    slots = [torch.from_numpy(slot) for slot in found[len(layers) :]]
    with replayed_slots(slots), recorded_layers(reference) as outputs:
        reference(images)
    for name, value in zip(layers, found, strict=False):
        difference = _relative(value, outputs[name].numpy())
        if not difference <= bound.relative:
            return f'The first block that differs is {name}, by {difference:.2g} (relative).'
    return 'All blocks are the same: what differs is the head, or the preparation of the image.'


def reference_graph(model: Any, runtime: Runtime) -> Graph:
    """What a file is compared with: the model's own layers, in fp32."""
    metadata = runtime.metadata
    return Graph(model, metadata.output, metadata.normalize, convolutions=False)


def _tapped(runtime: Runtime, images: Tensor, names: Any) -> list[np.ndarray]:
    """Outputs and tensors inside of a batch, which may be more than one run."""
    step = runtime.metadata.batch or len(images)
    runs = [runtime.run_with_taps(part.numpy(), names) for part in images.split(step)]
    return [np.concatenate(parts) for parts in zip(*runs, strict=True)]


def _relative(own: np.ndarray, expected: np.ndarray) -> float:
    a, e = own.astype(np.float64), expected.astype(np.float64)
    return float(np.linalg.norm(a - e)) / max(float(np.linalg.norm(e)), 1e-30)


def _differing(own: np.ndarray, expected: np.ndarray, output: str) -> float:
    """Percent of predictions that are others."""
    if output == 'logits':
        own, expected = own.argmax(1), expected.argmax(1)
    elif output == 'heatmaps':
        own, expected = (each.reshape(*each.shape[:2], -1).argmax(2) for each in (own, expected))
    elif output == 'keypoints':
        apart = np.abs(own[..., :2] - expected[..., :2]).max(axis=2)
        return float(100 * (apart >= _SAME_PLACE).mean())
    return float(100 * (own != expected).mean())
