"""Merging by its definition on mmseg's modules: the reference of what was not published.

In plain PyTorch, with all scores and the whole attention matrix written out. It shares no code with
what it is compared to.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from mmseg.models.backbones.mit import EfficientMultiheadAttention, MixVisionTransformer
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw
from torch import Tensor, nn
from torch.nn import functional as F

Size = Sequence[int]  # height, width


def nearest_cell(n: int, side: int) -> Tensor:
    """The cell that each of ``n`` rows or columns belongs to; the last ones to the last cell."""
    return (torch.arange(n) // side).clamp(max=n // side - 1)


def slots(
    tokens: Tensor, hw: Size, r: float, sx: int, sy: int, window: int | None = None
) -> Tensor:
    """The place of what every token is averaged into, its own or another's, ``[B, N]``."""
    (h, w), device = hw, tokens.device
    n = h * w
    place = torch.arange(n, device=device)
    if h < sy or w < sx:  # there is no destination
        return place.repeat(len(tokens), 1)
    y = nearest_cell(h, sy).to(device).repeat_interleave(w)
    x = nearest_cell(w, sx).to(device).repeat(h)
    is_dst = (place // w == y * sy) & (place % w == x * sx)
    dst = place[is_dst]
    unit = F.normalize(tokens, dim=-1)
    scores = unit @ unit[:, dst].mT  # [B, N, D]
    if window is not None:
        far = [(c[:, None] - c[dst]).abs() > window // 2 for c in (y, x)]
        scores = scores.masked_fill(far[0] | far[1], float('-inf'))
    scores = scores.masked_fill(is_dst[:, None], float('-inf'))
    best, match = scores.max(dim=-1)
    chosen = best.topk(int(n * r), dim=1).indices
    slot = place.repeat(len(tokens), 1)
    return slot.scatter(1, chosen, dst[match.gather(1, chosen)])


def pooled_slots(hw: Size, size: int | Sequence[int]) -> Tensor:
    """The first token of the window that every token is in, ``[1, N]``."""
    h, w = hw
    sy, sx = (size, size) if isinstance(size, int) else size
    first = (torch.arange(h) // sy * sy)[:, None] * w + torch.arange(w) // sx * sx
    return first.view(1, -1)


def stage_slots(tokens: Tensor, hw: Size, stage: Mapping[str, Any], side: str) -> Tensor | None:
    """What a side of a stage of ``tome_cfg`` merges, or None."""
    given = {k.removeprefix(f'{side}_'): v for k, v in stage.items() if k.startswith(f'{side}_')}
    mode = given.get('mode')
    if mode == 'bsm':
        settings = {k: given[k] for k in ('r', 'sx', 'sy', 'window') if k in given}
        return slots(tokens.detach(), hw, **settings)
    if mode == 'n2d':
        return pooled_slots(hw, given['s']).to(tokens.device).expand(len(tokens), -1)
    assert mode is None
    return None


def averaged(tokens: Tensor, slot: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Average one image's tokens ``[N, C]``: slots ``[M, C]``, their sizes, each token's slot."""
    _, inverse, sizes = slot.unique(return_inverse=True, return_counts=True)
    sums = tokens.new_zeros(len(sizes), tokens.shape[1]).index_add(0, inverse, tokens)
    return sums / sizes[:, None], sizes.to(tokens.dtype), inverse


def make_by_definition(
    backbone: MixVisionTransformer, stages: Sequence[Mapping]
) -> MixVisionTransformer:
    """Give a stock backbone the merging of a ``tome_cfg`` list, in place."""
    for stage, (_, blocks, _) in zip(stages, backbone.layers, strict=True):
        for block in blocks:
            block.attn.forward = types.MethodType(_forward(stage), block.attn)
    return backbone


def _forward(stage: Mapping[str, Any]) -> Callable[..., Tensor]:
    def forward(
        self: EfficientMultiheadAttention, x: Tensor, hw_shape: Size, identity: Tensor | None = None
    ) -> Tensor:
        kv, kv_hw = x, hw_shape
        if self.sr_ratio > 1:
            reduced = self.sr(nlc_to_nchw(x, hw_shape))
            kv, kv_hw = self.norm(nchw_to_nlc(reduced)), reduced.shape[2:]
        q_slot = stage_slots(x, hw_shape, stage, 'q')
        kv_slot = stage_slots(kv, kv_hw, stage, 'kv')
        images = []
        for i in range(len(x)):
            own = (None if slot is None else slot[i] for slot in (q_slot, kv_slot))
            images.append(_attend(self.attn, stage, x[i], kv[i], *own))
        out = torch.stack(images)
        return (x if identity is None else identity) + self.dropout_layer(self.proj_drop(out))

    return forward


def _attend(
    attn: nn.MultiheadAttention,
    stage: Mapping[str, Any],
    q: Tensor,
    kv: Tensor,
    q_slot: Tensor | None,
    kv_slot: Tensor | None,
) -> Tensor:
    """Attend in one image: tokens ``[N, C]`` and ``[M, C]`` to ``[N, C]``."""
    back, sizes = None, None
    if q_slot is not None:
        q, _, back = averaged(q, q_slot)
    if kv_slot is not None:
        kv, sizes, _ = averaged(kv, kv_slot)
    w_q, w_k, w_v = attn.in_proj_weight.chunk(3)
    b_q, b_k, b_v = attn.in_proj_bias.chunk(3)
    q, k, v = F.linear(q, w_q, b_q), F.linear(kv, w_k, b_k), F.linear(kv, w_v, b_v)
    q, k, v = (t.unflatten(1, (attn.num_heads, -1)).transpose(0, 1) for t in (q, k, v))
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if stage.get('kv_weighted') and sizes is not None:
        scores = scores + sizes.log()
    out = attn.out_proj((scores.softmax(-1) @ v).transpose(0, 1).flatten(1))
    return out if back is None else out[back]
