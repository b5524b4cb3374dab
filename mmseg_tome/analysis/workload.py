"""What a model is measured on: sizes, batch, dtype, device, inference or training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .implementations import Implementation

# 'tf32' is fp32 whose factors are rounded to 10 bits wherever a GPU multiplies.
DTYPES = {
    'fp32': torch.float32,
    'tf32': torch.float32,
    'fp16': torch.float16,
    'bf16': torch.bfloat16,
}
MODES = ('inference', 'training')
# From an image to the class of every pixel, by how the segmentor tests.
PREDICTIONS = ('whole', 'slide')
SCOPES = ('model', 'backbone', *PREDICTIONS)


@dataclass(frozen=True)
class Workload:
    """What implementations are measured on; the same for all that are compared.

    Args:
        variant: ``'b0'`` to ``'b5'``.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        batch: Images at once, or ``'auto'``: for every model the number at which it is fastest.
        dtype: A key of :data:`DTYPES`; weights and images have it.
        device: As PyTorch spells it.
        mode: ``'inference'``, or ``'training'``: forward and backward pass.
        scope: ``'model'``, or ``'backbone'``: without the head. ``'whole'`` and ``'slide'``:
            from an image to the class of every pixel, the image as a whole or in windows.

    Raises:
        ValueError: If ``dtype``, ``mode`` or ``scope`` is not one of those allowed, or predictions
            are to be trained.
    """

    variant: str
    height: int
    width: int
    batch: int | str = 1
    dtype: str = 'fp32'
    device: str = 'cpu'
    mode: str = 'inference'
    scope: str = 'model'

    def __post_init__(self) -> None:
        for field, allowed in (('dtype', DTYPES), ('mode', MODES), ('scope', SCOPES)):
            value = getattr(self, field)
            if value not in allowed:
                raise ValueError(f'{field} is {value!r}; allowed: {", ".join(allowed)}')
        if self.trains and self.scope in PREDICTIONS:
            raise ValueError(f"scope is {self.scope!r}, which is for mode = 'inference' alone")

    def __str__(self) -> str:
        what = describe(self.mode, self.scope)
        return (
            f'{self.variant.upper()} {self.width}x{self.height}, {what}, {self.dtype}, '
            f'batch {self.batch}'
        )

    @property
    def on_cuda(self) -> bool:
        """Whether a GPU is measured."""
        return self.device.startswith('cuda')

    @property
    def trains(self) -> bool:
        """Whether training steps are measured."""
        return self.mode == 'training'

    def cast(self, what):
        """A model or a tensor on the workload's device and in its dtype."""
        return what.to(self.device, DTYPES[self.dtype])

    def columns(self) -> dict[str, Any]:
        """The columns of a :class:`~mmseg_tome.analysis.results.Result` that describe it."""
        return {
            'model': self.variant,
            'height': self.height,
            'width': self.width,
            'batch': str(self.batch),
            'dtype': self.dtype,
            'mode': self.mode,
            'scope': self.scope,
        }


def describe(mode: str, scope: str) -> str:
    """Say what is measured: which passes, and of what."""
    predictions = {
        'whole': 'prediction of the whole image',
        'slide': 'prediction by sliding windows',
    }
    return predictions.get(scope, mode + ', backbone only' * (scope == 'backbone'))


@contextmanager
def torch_settings(dtype: str) -> Iterator[None]:
    """Multiply fp32 exactly inside, or for ``'tf32'`` rounded, in matrix products and convolutions.

    PyTorch's defaults for CUDA round in convolutions and not in matrix products, and stock
    SegFormer convolves where this project multiplies: its 1x1 convolutions would run on tensor
    cores, and the same as a linear would not. Convolutions are tuned, as mmseg's own configs have
    it.
    """
    cudnn = torch.backends.cudnn
    before = torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.benchmark
    torch.set_float32_matmul_precision('high' if dtype == 'tf32' else 'highest')
    cudnn.allow_tf32, cudnn.benchmark = dtype == 'tf32', True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        cudnn.allow_tf32, cudnn.benchmark = before[1:]


def make_run(
    workload: Workload, implementation: 'Implementation', model: nn.Module, images: Tensor
) -> Callable[[], Tensor | list[Tensor] | None]:
    """One inference, or one forward and backward pass.

    Args:
        workload: Says which.
        implementation: What the model was built by; it says how an inference is called.
        model: In the workload's dtype and mode.
        images: ``[B, 3, H, W]``.

    Returns:
        A function of nothing. An inference returns what the model does; from CUDA graphs, in memory
        that the next call overwrites.
    """
    if not workload.trains:
        return implementation.inference(model, images)

    def step() -> None:
        model.zero_grad(set_to_none=True)
        loss_of(model, images).backward()

    return step


def loss_of(model: nn.Module, images: Tensor) -> Tensor:
    """A loss that depends on all outputs."""
    out = model(images)
    outs = [out] if isinstance(out, Tensor) else out
    first, *others = (o.float().square().mean() for o in outs)
    return sum(others, first)
