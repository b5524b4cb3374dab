"""Matrix products with weights."""

from torch import Tensor
from torch.nn import functional as F

from .cpu import onednn
from .dispatch import runs_onednn


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute ``F.linear(x, weight, bias)``, on a CPU by the faster of PyTorch's two libraries.

    Args:
        x: ``[..., K]``.
        weight: ``[N, K]``.
        bias: ``[N]``, or None.

    Returns:
        ``[..., N]``, contiguous.
    """
    if runs_onednn(x, weight.shape[0]):
        return onednn.linear(x, weight, bias)
    return F.linear(x, weight, bias)


def linear_weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """Compute the gradient of :func:`linear`'s weight, ``grad.T @ x``.

    Args:
        x: What the weight was applied to, ``[..., K]``.
        grad: The gradient of the result, ``[..., N]``.

    Returns:
        ``[N, K]``.
    """
    n, k = grad.shape[-1], x.shape[-1]
    if runs_onednn(x, n):
        return onednn.linear_weight_gradient(x, grad)
    return grad.reshape(-1, n).t() @ x.reshape(-1, k)
