"""SegFormer's MixFFN on tokens: linear, depth-wise 3x3 convolution, activation, linear."""

from torch import Tensor, nn
from torch.nn import functional as F

from .cpu.ffn import mix_ffn_in_row_tiles
from .depthwise import depthwise_conv, depthwise_gelu
from .dispatch import recomputes, runs_row_tiles
from .matmul import linear
from .recompute import mix_ffn_recomputed
from .weights import FFNWeights, Layer


def mix_ffn(
    tokens: Tensor,
    hw: tuple[int, int],
    weights: FFNWeights,
    activate: Layer = F.gelu,
    norm: Layer | None = None,
    shortcut: Tensor | None = None,
    dropout_p: float = 0.0,
    recompute: bool = False,
) -> Tensor:
    """Transform tokens by a feed-forward network that sees their neighbors.

    Args:
        tokens: ``[B, h * w, C]``.
        hw: Height and width of the token map.
        weights: The layers' weights.
        activate: The activation, element by element. The exact GELU and the convolution before it
            are one kernel where kernels run.
        norm: What the tokens go through first, each by itself.
        shortcut: What is added, ``[B, h * w, C]``.
        dropout_p: Dropout rate of the activated hidden layer.
        recompute: Whether the backward pass may compute the convolution and the activation again
            instead of keeping them; it does where there is no dropout.

    Returns:
        ``[B, h * w, C]``.

    Source: the Mix-FFN of SegFormer.
    """
    if runs_row_tiles(tokens) and not dropout_p:
        return mix_ffn_in_row_tiles(tokens, hw, weights, activate, norm, shortcut)
    if norm is not None:
        tokens = norm(tokens)

    def middle(hidden: Tensor, hw: tuple[int, int], weight: Tensor, bias: Tensor) -> Tensor:
        if _is_exact_gelu(activate):
            return depthwise_gelu(hidden, hw, weight, bias)
        return activate(depthwise_conv(hidden, hw, weight, bias))

    if recompute and recomputes() and not dropout_p:
        out = mix_ffn_recomputed(tokens, hw, weights, middle)
    else:
        hidden = linear(tokens, weights.fc1, weights.fc1_bias)
        hidden = middle(hidden, hw, weights.depthwise, weights.depthwise_bias)
        if dropout_p:
            hidden = F.dropout(hidden, dropout_p)
        out = linear(hidden, weights.fc2, weights.fc2_bias)
    return out if shortcut is None else shortcut + out


def _is_exact_gelu(activate: Layer) -> bool:
    if type(activate) is nn.GELU:
        return activate.approximate == 'none'
    return activate is F.gelu
