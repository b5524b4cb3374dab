"""Matrix products as 1x1 convolutions, which PyTorch leaves to oneDNN on a CPU.

PyTorch multiplies fp32 matrices by MKL. MKL uses AVX-512 on Intel's CPUs alone; on others oneDNN
takes less than half the time for the same sums (``tools/benchmark_matmul.py``), forward and
backward.
"""

from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """See :func:`mmseg_tome.ops.linear`; convolves a map with one row."""
    # Of tokens whose channels are apart, such as views of NCHW maps, it would make an NCHW map.
    out = F.conv2d(_as_map(x.contiguous()), weight[:, :, None, None], bias)
    return out.permute(0, 2, 3, 1).contiguous().view(*x.shape[:-1], weight.shape[0])


def linear_weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """See :func:`mmseg_tome.ops.matmul.linear_weight_gradient`."""
    shape = (grad.shape[-1], x.shape[-1], 1, 1)
    gradient: Tensor = conv2d_weight(_as_map(x), shape, _as_map(grad))
    return gradient.flatten(1)


def _as_map(x: Tensor) -> Tensor:
    """View ``[..., K]`` as the channels-last map ``[1, K, 1, rows]``."""
    return x.reshape(1, 1, -1, x.shape[-1]).permute(0, 3, 1, 2)
