"""When to compute in strips of rows that stay in cache."""

import torch
from torch import Tensor

from .backend import runs_kernel


def strips_pay(tokens: Tensor) -> bool:
    """Whether to compute in strips: for inference on a CPU, outside of compilers and autocast.

    Not where kernels run in the interpreter, which is to take the same way as a GPU.
    """
    return (
        tokens.device.type == 'cpu'
        and not runs_kernel(tokens)
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled('cpu')
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
    )
