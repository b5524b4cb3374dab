"""Efficient self-attention: spatial reduction, merging, attention, unmerging (Sec. III-C)."""

import torch
from mmcv.cnn import Conv2d, build_norm_layer
from mmcv.cnn.bricks.drop import build_dropout
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..merging import Merging, saved_operations, threshold
from ..ops import attend, linear, to_map, to_tokens


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
        only_if_faster: Whether to merge only where that saves more work than the device's
            threshold, see :func:`mmseg_tome.merging.threshold`.
    """

    # Class-wide defaults, so that a stock module turned into this class merges nothing.
    q_merging: Merging | None = None
    kv_merging: Merging | None = None
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
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.num_heads = num_heads
        self.batch_first = batch_first
        # Holds the weights under stock's names; its own forward is not used.
        self.attn = nn.MultiheadAttention(embed_dims, num_heads, attn_drop, bias=qkv_bias)
        self.proj_drop = nn.Dropout(proj_drop)
        self.dropout_layer = build_dropout(dropout_layer) if dropout_layer else nn.Identity()
        self.sr_ratio = sr_ratio
        if sr_ratio > 1:
            self.sr = Conv2d(embed_dims, embed_dims, kernel_size=sr_ratio, stride=sr_ratio)
            self.norm = build_norm_layer(norm_cfg, embed_dims)[1]
        self.q_merging = q_merging
        self.kv_merging = kv_merging
        self.only_if_faster = only_if_faster

    def forward(
        self, x: Tensor, hw_shape: tuple[int, int], identity: Tensor | None = None
    ) -> Tensor:
        """Attend among tokens ``[B, h * w, C]`` and add ``identity`` (default: ``x``)."""
        merges = self.merges(hw_shape, x.shape[0], x.device)
        kv = self._keys_and_values(x, hw_shape, self.kv_merging if merges else None)
        if self.q_merging is None or not merges:
            out = self._attend(x, kv)
        else:
            plan = self.q_merging.plan(x, hw_shape)
            out = plan.unmerge(self._attend(plan.merge(x), kv))
        return (x if identity is None else identity) + self.dropout_layer(self.proj_drop(out))

    def merges(self, hw: tuple[int, int], batch: int, device: torch.device) -> bool:
        """Whether anything is merged in a batch of maps of ``hw`` tokens on the device."""
        if self.q_merging is None and self.kv_merging is None:
            return False
        if not self.only_if_faster:
            return True
        kv_hw = (hw[0] // self.sr_ratio, hw[1] // self.sr_ratio)
        saved = saved_operations(self.q_merging, self.kv_merging, hw, kv_hw, self.embed_dims)
        return batch * saved > threshold(device)

    def _keys_and_values(self, x: Tensor, hw: tuple[int, int], merging: Merging | None) -> Tensor:
        """Reduce the map spatially, then merge it: ``[B, h * w, C]`` to ``[B, M, C]``."""
        if self.sr_ratio > 1:
            reduced = self.sr(to_map(x, hw))
            hw = (reduced.shape[2], reduced.shape[3])
            x = self.norm(to_tokens(reduced))
        return x if merging is None else merging.plan(x, hw).merge(x)

    def _attend(self, q: Tensor, kv: Tensor) -> Tensor:
        """Project and attend (Eq. 2), fused: queries ``[B, N, C]``, keys/values ``[B, M, C]``."""
        attn, c = self.attn, self.embed_dims
        weight, bias = attn.in_proj_weight, attn.in_proj_bias
        q_bias, kv_bias = (None, None) if bias is None else (bias[:c], bias[c:])
        q = linear(q, weight[:c], q_bias).unflatten(2, (self.num_heads, -1))
        k, v = linear(kv, weight[c:], kv_bias).unflatten(2, (2, self.num_heads, -1)).unbind(2)
        out = attend(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            dropout_p=attn.dropout if self.training else 0.0,
        )
        return linear(out.transpose(1, 2).flatten(2), attn.out_proj.weight, attn.out_proj.bias)
