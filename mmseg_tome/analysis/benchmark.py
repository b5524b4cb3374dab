"""Whole models against each other: time, memory, and that they compute the same."""

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from .memory import saved_bytes
from .parity import HeldMatches, check_low_precision, check_parity, relative_difference
from .segmentors import FUSED, STOCK, Column, build_segmentor
from .timing import interleaved_times

DTYPES = {'fp32': torch.float32, 'fp16': torch.float16, 'bf16': torch.bfloat16}


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


def measure(
    cell: Cell,
    columns: Sequence[Column],
    repeats: int,
    on_step: Callable[[str], None] = lambda what: None,
) -> list[dict]:
    """Measure all models in one process, in turns.

    Args:
        cell: What to measure on.
        columns: The models.
        repeats: How often each is timed, after one turn of warm-up.
        on_step: Called with a description after every pass.

    Returns:
        One row per model: the cell, make and strategy, seconds per image (median and quartiles),
        bytes, and the difference to the reference.

    Raises:
        ParityError: If one of our models does not compute what its reference does.
    """
    torch.manual_seed(0)
    image = torch.randn(1, 3, cell.height, cell.width, device=cell.device)
    differences = _check_all(cell, columns, image, on_step)
    runs, batches, bytes_ = {}, {}, {}
    for column in columns:
        model = _to(cell, _build(cell, column)).train(cell.train)
        batches[column] = _best_batch(cell, model, image) if cell.batch == 'auto' else cell.batch
        images = _to(cell, image).repeat(batches[column], 1, 1, 1)
        run = _runner(cell, model, images)
        bytes_[column] = _measure_bytes(cell, model, images, run)
        runs[str(column)] = run
        on_step(f'memory of {column}')
    times = interleaved_times(runs, repeats, on_step=lambda: on_step('timing'))
    rows = []
    for column in columns:
        seconds = [t / batches[column] for t in times[str(column)]]
        low, middle, high = _quartiles(seconds)
        rows.append(
            {
                **asdict(cell),
                'batch': batches[column],
                'batch_is_auto': cell.batch == 'auto',
                **asdict(column),
                'seconds_per_image': middle,
                'lower_quartile': low,
                'upper_quartile': high,
                'repeats': repeats,
                **bytes_[column],
                'difference': differences.get(column),
            }
        )
    return rows


def num_steps(columns: Sequence[Column], repeats: int) -> int:
    """How often :func:`measure` calls ``on_step``."""
    ours = sum(column.make == 'ours' for column in columns)
    return ours + len(columns) * (repeats + 2)


def _quartiles(values: list[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, n=4, method='inclusive'))


def _to(cell: Cell, what):
    return what.to(cell.device, DTYPES[cell.dtype])


def _runner(cell: Cell, model: nn.Module, images: Tensor) -> Callable[[], object]:
    """One inference, or one forward and backward pass."""
    if not cell.train:

        def infer() -> object:
            with torch.inference_mode():
                return model(images)

        return infer

    def step() -> None:
        model.zero_grad(set_to_none=True)
        _loss(model, images).backward()

    return step


def _loss(model: nn.Module, images: Tensor) -> Tensor:
    out = model(images)
    return sum(o.float().square().mean() for o in ([out] if isinstance(out, Tensor) else out))


def _measure_bytes(
    cell: Cell, model: nn.Module, images: Tensor, run: Callable
) -> dict[str, int | None]:
    """Bytes that autograd keeps for the backward pass, and on CUDA the peak of a pass."""
    saved = saved_bytes(lambda: _loss(model, images), model) if cell.train else None
    if not cell.device.startswith('cuda'):
        if not cell.train:
            run()  # a first pass, so that columns do not differ in what was done before
        return {'saved_bytes': saved, 'peak_bytes': None}
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    run()
    return {'saved_bytes': saved, 'peak_bytes': torch.cuda.max_memory_allocated()}


def _best_batch(cell: Cell, model: nn.Module, image: Tensor) -> int:
    """Double the batch as long as it fits and an image gets at least 2 % faster."""
    best, best_time, batch = 1, float('inf'), 1
    while True:
        try:
            run = _runner(cell, model, _to(cell, image).repeat(batch, 1, 1, 1))
            (times,) = interleaved_times({'run': run}, repeats=3).values()
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if batch == 1:
                raise
            return best
        time = statistics.median(times) / batch
        if time > 0.98 * best_time:
            return best if time >= best_time else batch
        best, best_time, batch = batch, time, 2 * batch


def _check_all(
    cell: Cell, columns: Sequence[Column], image: Tensor, on_step: Callable[[str], None]
) -> dict[Column, float]:
    """Compare each of our models with its reference in fp32, then with itself in low precision."""
    differences = {}
    for column in columns:
        if column.make != 'ours':
            continue
        ours, reference = _build(cell, column), _build(cell, _reference_of(column))
        held = HeldMatches()
        with held.recorded():
            exact = _results(cell, ours, image)
        difference = relative_difference(exact, _results(cell, reference, image))
        differences[column] = check_parity(column, difference)
        if cell.dtype != 'fp32':
            with held.used():
                low = _results(cell, _to(cell, ours), _to(cell, image))
            fused = _build(cell, FUSED)
            fused_exact = _results(cell, fused, image)
            fused_low = _results(cell, _to(cell, fused), _to(cell, image))
            check_low_precision(
                column, relative_difference(low, exact), relative_difference(fused_low, fused_exact)
            )
        on_step(f'parity of {column}')
    return differences


def _results(cell: Cell, model: nn.Module, image: Tensor) -> list[Tensor]:
    """The outputs, or of a training step the gradients of all parameters."""
    if cell.train:
        _runner(cell, model.train(), image)()
        return [p.grad for p in model.parameters() if p.grad is not None]
    with torch.inference_mode():
        out = model(image)
    return [out] if isinstance(out, Tensor) else list(out)


def _reference_of(column: Column) -> Column:
    return STOCK if column.strategy == 'none' else Column('stock', column.strategy)


def _build(cell: Cell, column: Column) -> nn.Module:
    return build_segmentor(cell.variant, column, cell.backbone_only).to(cell.device)
