"""When to compute in strips of rows that stay in cache."""

from functools import cache

import torch
from torch import Tensor

from ..dispatch import runs_kernel


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


# glibc takes larger buffers than 32 MiB from the system each time, zeroed, which costs more than
# strips save.
_MOST_BYTES = 16 * 2**20


def times_cache(factor: float) -> int:
    """``factor`` times what the second-level caches of the threads in use hold, in bytes.

    Sizes of strips are multiples of it, found on CPUs with 1 and 2 MiB for each of 2 threads.
    """
    return min(int(factor * torch.get_num_threads() * _l2_bytes()), _MOST_BYTES)


@cache
def _l2_bytes() -> int:
    """The second-level cache of a core; 1 MiB where PyTorch does not tell."""
    capabilities = getattr(torch.cpu, 'get_capabilities', dict)()
    return capabilities.get('l2_cache_size') or 2**20
