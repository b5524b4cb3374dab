"""One model of a comparison as a function to call: an inference, or a training step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .implementations import Column, build_segmentor

# 'tf32' is fp32 whose factors are rounded to 10 bits wherever a GPU multiplies.
DTYPES = {
    'fp32': torch.float32,
    'tf32': torch.float32,
    'fp16': torch.float16,
    'bf16': torch.bfloat16,
}


@dataclass(frozen=True)
class Cell:
    """What a row of models is measured on.

    Args:
        variant: ``'b0'`` to ``'b5'``.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        batch: Images at once, or ``'auto'``: for every model the number at which it is fastest.
        dtype: A key of :data:`DTYPES`; weights and images have it.
        device: As PyTorch spells it.
        train: Whether to measure training steps (forward and backward) instead of inference.
        backbone_only: Whether to leave the head out.
    """

    variant: str
    height: int
    width: int
    batch: int | str = 1
    dtype: str = 'fp32'
    device: str = 'cpu'
    train: bool = False
    backbone_only: bool = False

    def __str__(self) -> str:
        what = ('training' if self.train else 'inference') + ' backbone' * self.backbone_only
        return (
            f'{self.variant.upper()} {self.width}x{self.height}, {what}, {self.dtype}, '
            f'batch {self.batch}'
        )

    @property
    def on_cuda(self) -> bool:
        return self.device.startswith('cuda')

    def cast(self, what):
        """A model or a tensor on the cell's device and in its dtype."""
        return what.to(self.device, DTYPES[self.dtype])

    def build(self, column: Column) -> nn.Module:
        """A model in fp32 on the cell's device."""
        return build_segmentor(self.variant, column, self.backbone_only).to(self.device)


@contextmanager
def torch_settings(dtype: str) -> Iterator[None]:
    """Multiply fp32 exactly inside, or for ``'tf32'`` rounded, in products and convolutions alike.

    PyTorch's defaults for CUDA round in convolutions and not in products, and stock SegFormer
    convolves where this project multiplies: its 1x1 convolutions would run on tensor cores, and the
    same product as a linear would not. Convolutions are tuned, as mmseg's own configs have it.
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
    cell: Cell, column: Column, model: nn.Module, images: Tensor
) -> Callable[[], Tensor | list[Tensor] | None]:
    """One inference, or one forward and backward pass.

    Args:
        cell: Says which.
        column: Says whether an inference is compiled or recorded as a CUDA graph first.
        model: The column's model in the cell's dtype and mode.
        images: ``[B, 3, H, W]``.

    Returns:
        A function of nothing. An inference returns what the model does; from graphs, in memory that
        the next call overwrites.
    """
    if cell.train:

        def step() -> None:
            model.zero_grad(set_to_none=True)
            loss_of(model, images).backward()

        return step

    call = model
    if column.make == 'compiled':
        call = torch.compile(model, mode='reduce-overhead', dynamic=False)

    def infer() -> Tensor | list[Tensor]:
        if column.make == 'compiled':
            torch.compiler.cudagraph_mark_step_begin()
        with torch.inference_mode():
            return call(images)

    return _record(infer) if column.make == 'graphed' else infer


def loss_of(model: nn.Module, images: Tensor) -> Tensor:
    """A loss that depends on all outputs."""
    out = model(images)
    return sum(o.float().square().mean() for o in ([out] if isinstance(out, Tensor) else out))


def _record(infer: Callable) -> Callable:
    """Record an inference as a CUDA graph; the result replays it."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):  # compiles kernels, tunes convolutions, and fills caches beforehand
            infer()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = infer()

    def replay() -> Tensor | list[Tensor]:
        graph.replay()
        return out

    return replay
