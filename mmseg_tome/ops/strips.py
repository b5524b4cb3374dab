"""When to compute in strips of rows that stay in cache."""

import torch
from torch import Tensor


def strips_pay(tokens: Tensor) -> bool:
    """Whether to compute in strips: for inference on a CPU, outside of compilers and autocast."""
    return (
        tokens.device.type == 'cpu'
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled('cpu')
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
    )
