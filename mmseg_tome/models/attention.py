"""Efficient self-attention: spatial reduction, merging, attention, unmerging (Sec. III-C)."""

import torch
from mmcv.cnn import Conv2d, build_norm_layer
from mmcv.cnn.bricks.drop import build_dropout
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..merging import Merging, attend_merged, is_faster, merged_attention
from ..normalize import normalize
from ..ops import AttentionWeights, to_map, to_tokens
from .plain import is_attention


class EfficientMultiheadAttention(BaseModule):
    """SegFormer's self-attention, with queries and keys/values merged on the way in.

    ::

        x ─┬───────────────────────── merge q ── W_q ─┐
           └─ spatial reduction, norm ─ merge kv ─ W_k, W_v ─ attention ─ W_o ─ unmerge q ─ + x

    The names of the parameters are those of stock, and without merging so is the output.

    Args:
        embed_dims: Channels ``C`` of the tokens.
        num_heads: Number of heads.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate of the output.
        dropout_layer: Config of the layer before the shortcut is added, such as DropPath.
        init_cfg: Initialization config.
        batch_first: Kept for compatibility; tokens are ``[B, N, C]`` either way, as in stock's use.
        qkv_bias: Whether the projections have a bias.
        norm_cfg: Config of the norm after the spatial reduction.
        sr_ratio: Spatial-reduction ratio ``R``: keys and values come from a map of
            ``h // R x w // R`` tokens.
        q_merging: How queries are merged, or None.
        kv_merging: How keys and values are merged, or None.
        kv_weighted: Whether merged keys are weighted by the number of tokens they stand for.
        only_if_faster: Whether to merge only where that saves more work than the device's
            threshold, see :func:`mmseg_tome.merging.threshold`.
    """

    # Class-wide defaults, so that a stock module turned into this class merges nothing.
    q_merging: Merging | None = None
    kv_merging: Merging | None = None
    kv_weighted: bool = False
    only_if_faster: bool = False

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        dropout_layer: dict | None = None,
        init_cfg: dict | list | None = None,
        batch_first: bool = True,
        qkv_bias: bool = False,
        norm_cfg: dict = dict(type='LN'),  # noqa: B006 - never changed
        sr_ratio: int = 1,
        q_merging: Merging | None = None,
        kv_merging: Merging | None = None,
        only_if_faster: bool = False,
        kv_weighted: bool = False,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.num_heads = num_heads
        self.batch_first = batch_first
        # As it is, its weights are used and not its forward, see `plain.py`.
        self.attn = nn.MultiheadAttention(embed_dims, num_heads, attn_drop, bias=qkv_bias)
        self.proj_drop = nn.Dropout(proj_drop)
        self.dropout_layer = build_dropout(dropout_layer) if dropout_layer else nn.Identity()
        self.sr_ratio = sr_ratio
        if sr_ratio > 1:
            self.sr = Conv2d(embed_dims, embed_dims, kernel_size=sr_ratio, stride=sr_ratio)
            self.norm = build_norm_layer(norm_cfg, embed_dims)[1]
        self.q_merging = q_merging
        self.kv_merging = kv_merging
        self.kv_weighted = kv_weighted
        self.only_if_faster = only_if_faster

    def forward(
        self, x: Tensor, hw_shape: tuple[int, int], identity: Tensor | None = None
    ) -> Tensor:
        """Attend among tokens ``[B, h * w, C]`` and add ``identity`` (default: ``x``)."""
        merges = self.merges(hw_shape, x.shape[0], x.device)
        merging = (self.q_merging, self.kv_merging) if merges else (None, None)
        kv, kv_hw = self._reduce(x, hw_shape)
        if is_attention(self.attn, self.embed_dims, self.num_heads):
            dropout_p = self.attn.dropout if self.attn.training else 0.0
            out = merged_attention(
                *(x, hw_shape, kv, kv_hw, self._weights(), self.num_heads, *merging),
                dropout_p=dropout_p,
                kv_weighted=self.kv_weighted,
            )
        else:
            out = attend_merged(
                *(self._call_attention, x, hw_shape, kv, kv_hw, *merging),
                kv_weighted=self.kv_weighted,
            )
        return (x if identity is None else identity) + self.dropout_layer(self.proj_drop(out))

    def merges(self, hw: tuple[int, int], batch: int, device: torch.device) -> bool:
        """Whether anything is merged in a batch of maps of ``hw`` tokens on the device."""
        if self.q_merging is None and self.kv_merging is None:
            return False
        if not self.only_if_faster:
            return True
        kv_hw = (hw[0] // self.sr_ratio, hw[1] // self.sr_ratio)
        maps = self.q_merging, self.kv_merging, hw, kv_hw, self.embed_dims
        return is_faster(*maps, batch, device, self.num_heads, self.kv_weighted)

    def _reduce(self, x: Tensor, hw: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
        """Reduce a map spatially, ``[B, h * w, C]`` to ``[B, h' * w', C]``; also ``(h', w')``."""
        if self.sr_ratio == 1:
            return x, hw
        reduced = self.sr(to_map(x, hw))
        return normalize(self.norm, to_tokens(reduced)), (reduced.shape[2], reduced.shape[3])

    def _call_attention(self, q: Tensor, kv: Tensor, key_bias: Tensor | None) -> Tensor:
        """Call the layer as stock does: ``[B, N, C]`` and ``[B, M, C]`` to ``[B, N, C]``."""
        kv = kv.transpose(0, 1)
        # A float mask of keys is added to their logits, and never a matrix.
        mask = {} if key_bias is None else {'key_padding_mask': key_bias.to(q.dtype)}
        out: Tensor = self.attn(query=q.transpose(0, 1), key=kv, value=kv, **mask)[0]
        return out.transpose(0, 1)

    def _weights(self) -> AttentionWeights:
        attn, c = self.attn, self.embed_dims
        weight, bias, out = attn.in_proj_weight, attn.in_proj_bias, attn.out_proj
        q_bias, kv_bias = (None, None) if bias is None else (bias[:c], bias[c:])
        return AttentionWeights(weight[:c], q_bias, weight[c:], kv_bias, out.weight, out.bias)


def attention_of(block: nn.Module) -> EfficientMultiheadAttention:
    """Find the attention of a block; either may be wrapped, such as for checkpointing."""
    found: EfficientMultiheadAttention = next(
        module for module in block.modules() if isinstance(module, EfficientMultiheadAttention)
    )
    return found
