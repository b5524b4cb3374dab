"""The weights of the larger ops, as plain tensors. Shapes are those of ``F.linear``."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

Layer = Callable[[Tensor], Tensor]
# Hidden layer [B, h * w, H], (h, w), and two weights, to the activated hidden layer. Deterministic;
# each row comes from itself and its neighbors above and below.
Middle = Callable[[Tensor, tuple[int, int], Tensor, Tensor], Tensor]


class AttentionWeights(NamedTuple):
    """The projections of multi-head attention.

    ``q`` ``[C, C]``; ``kv`` ``[2 * C, C]``, those of the keys above those of the values; ``out``
    ``[C, C]``; and their biases, or None.
    """

    q: Tensor
    q_bias: Tensor | None
    kv: Tensor
    kv_bias: Tensor | None
    out: Tensor
    out_bias: Tensor | None


class FFNWeights(NamedTuple):
    """The layers of a MixFFN.

    ``fc1`` ``[H, C]``, ``depthwise`` ``[H, 1, 3, 3]``, ``fc2`` ``[C, H]``, and their biases.
    """

    fc1: Tensor
    fc1_bias: Tensor
    depthwise: Tensor
    depthwise_bias: Tensor
    fc2: Tensor
    fc2_bias: Tensor


class PointwiseLayer(NamedTuple):
    """A 1x1 convolution ``[D, C, 1, 1]`` or ``[D, C]`` with what follows it.

    ``norm`` and ``activate`` are applied to maps ``[B, D, h, w]``, in this order.
    """

    weight: Tensor
    bias: Tensor | None = None
    norm: Layer | None = None
    activate: Layer | None = None


class FusionHeadWeights(NamedTuple):
    """The layers of SegFormer's head.

    ``levels``: one per level, to ``D`` channels, or none, if the fusion takes the maps as they are;
    ``fusion``: from all levels to ``D``; ``classify``: to ``K`` scores.
    """

    levels: list[PointwiseLayer]
    fusion: PointwiseLayer
    classify: PointwiseLayer
