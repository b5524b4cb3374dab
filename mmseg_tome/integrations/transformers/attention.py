"""What the attentions of both layouts have in common: the mergings, and when they are used."""

import torch
from torch import Tensor, nn

from ...merging import Merging, is_faster
from ...ops import AttentionWeights
from ...plain import LINEARS, is_plain
from ...strategies import StageMerging


class MergingAttention:
    """Mixin of an attention whose queries and keys/values may be merged.

    The defaults are those of the class, so that a module turned into it merges nothing.
    """

    q_merging: Merging | None = None
    kv_merging: Merging | None = None
    kv_weighted: bool = False
    only_if_faster: bool = False

    def set_merging(self, stage: StageMerging) -> None:
        """Take over what a stage merges."""
        self.q_merging = stage.q
        self.kv_merging = stage.kv
        self.kv_weighted = stage.kv_weighted
        self.only_if_faster = stage.only_if_faster

    def mergings(
        self, x: Tensor, hw: tuple[int, int], kv_hw: tuple[int, int], num_heads: int
    ) -> tuple[Merging | None, Merging | None]:
        """How queries and keys/values of these maps are merged, each None if they are not.

        Args:
            x: Tokens that become the queries, ``[B, h * w, C]``.
            hw: Height and width of their map.
            kv_hw: Those of the map of keys and values.
            num_heads: Number of heads.
        """
        q, kv = self.q_merging, self.kv_merging
        if (q is None and kv is None) or not self.only_if_faster:
            return q, kv
        batch, _, channels = x.shape
        maps = q, kv, hw, kv_hw, channels
        faster = is_faster(*maps, batch, x.device, num_heads, self.kv_weighted)
        return (q, kv) if faster else (None, None)


def refuse_matrix(mergings: tuple[Merging | None, Merging | None], argument: str) -> None:
    """Check that tokens are not merged where every token's attention is asked for, or masked.

    Raises:
        ValueError: If they are.
    """
    if mergings != (None, None):
        raise ValueError(
            f'{argument} is about every token, and here tokens are merged: leave it out, or switch '
            'merging off by apply_tome(model, None)'
        )


def are_plain_projections(q: nn.Module, k: nn.Module, v: nn.Module, out: nn.Module) -> bool:
    """Whether the weights of these layers may be read in place of calling them."""
    if not all(is_plain(layer, LINEARS) for layer in (q, k, v, out)):
        return False
    return (k.bias is None) == (v.bias is None)


def projection_weights(
    q: nn.Linear, k: nn.Linear, v: nn.Linear, out: nn.Linear
) -> AttentionWeights:
    """The weights of plain projections, those of keys and values stacked."""
    kv_bias = None if k.bias is None else torch.cat([k.bias, v.bias])
    kv = torch.cat([k.weight, v.weight])
    return AttentionWeights(q.weight, q.bias, kv, kv_bias, out.weight, out.bias)
