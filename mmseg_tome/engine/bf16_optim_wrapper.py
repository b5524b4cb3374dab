"""Mixed precision in bfloat16, on CPUs as on GPUs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from mmengine.runner.amp import autocast
from torch import nn


@OPTIM_WRAPPERS.register_module()
class BF16OptimWrapper(OptimWrapper):
    """An `OptimWrapper` whose forward passes run under autocast to bfloat16.

    MMEngine's `AmpOptimWrapper`, which `--amp` selects, refuses to run without an accelerator. CPUs
    with bfloat16 instructions train about twice as fast with them. Weights, gradients and the
    optimizer's state stay in float32, and the range of bfloat16 is that of float32, so no loss
    scale is needed. The arguments are those of `OptimWrapper`::

        --cfg-options optim_wrapper.type=BF16OptimWrapper
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """What forward passes of training run in."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield
