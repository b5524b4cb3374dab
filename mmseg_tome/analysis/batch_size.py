"""The number of images at which a model is fastest."""

import statistics

import torch
from torch import Tensor, nn

from .implementations import Graphed, Implementation
from .timing import interleaved_times
from .workload import Workload, make_run

# Twice as many images are tried only if they take at most this share of a GPU's memory. What a
# graph takes is not given back between passes.
_LARGEST_SHARE, _LARGEST_SHARE_OF_A_GRAPH = 0.8, 0.06


def best_batch(
    workload: Workload, implementation: Implementation, model: nn.Module, image: Tensor
) -> int:
    """Double the batch as long as it fits and an image gets at least 2 % faster.

    Args:
        workload: What is measured; its own batch does not count.
        implementation: What the model was built by.
        model: In the workload's dtype and mode.
        image: ``[1, 3, H, W]``.

    Raises:
        torch.OutOfMemoryError: If not even one image fits.
    """
    best, best_time, batch = 1, float('inf'), 1
    while True:
        if workload.on_cuda:
            torch.cuda.reset_peak_memory_stats()
        try:
            run = make_run(
                workload, implementation, model, workload.cast(image).repeat(batch, 1, 1, 1)
            )
            (times,) = interleaved_times({'run': run}, repeats=3).values()
        except torch.OutOfMemoryError:
            if batch == 1:
                raise
            return best
        time = statistics.median(times) / batch
        if time > 0.98 * best_time:
            return best if time >= best_time else batch
        best, best_time, batch = batch, time, 2 * batch
        if workload.on_cuda:
            is_graph = isinstance(implementation, Graphed)
            share = _LARGEST_SHARE_OF_A_GRAPH if is_graph else _LARGEST_SHARE
            _, total = torch.cuda.mem_get_info()
            if 2 * torch.cuda.max_memory_allocated() > share * total:
                return best
