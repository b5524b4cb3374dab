"""How many tokens a backbone has in each stage, before and after merging, and saying so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from mmengine.logging import print_log

from ..map_sizes import map_sizes
from ..strategies import Strategy
from .attention import attention_of

if TYPE_CHECKING:
    from .mit import MixVisionTransformer


class StageTokens(NamedTuple):
    """Token counts of one stage: before and after merging, queries and keys/values."""

    q: int
    q_merged: int
    kv: int
    kv_merged: int


def stage_sizes(backbone: MixVisionTransformer, hw: tuple[int, int]) -> list[tuple[int, int]]:
    """:func:`map_sizes` of a backbone with its strategy."""
    down_sample = backbone.strategy is not None and backbone.strategy.down_sample
    return map_sizes(hw, backbone.patch_sizes, backbone.strides, down_sample)


def count_tokens(
    backbone: MixVisionTransformer, hw: tuple[int, int], batch: int = 1
) -> list[StageTokens]:
    """Count the tokens of each stage for images of ``hw`` (height, width) pixels.

    The batch matters to ``tome_cfg='auto'`` alone, as does the device of the backbone.
    """
    device = backbone.layers[0][0].projection.weight.device
    counts = []
    for q_hw, ratio, (_, blocks, _) in zip(
        stage_sizes(backbone, hw), backbone.sr_ratios, backbone.layers, strict=True
    ):
        kv_hw = (q_hw[0] // ratio, q_hw[1] // ratio)
        q, kv = math.prod(q_hw), math.prod(kv_hw)
        merged_q, merged_kv = q, kv
        for block in blocks[:1]:  # as all of the stage; a stage may have none
            attn = attention_of(block)
            merges = attn.merges(q_hw, batch, device)
            if merges and attn.q_merging is not None:
                merged_q = attn.q_merging.num_tokens(q_hw)
            if merges and attn.kv_merging is not None:
                merged_kv = attn.kv_merging.num_tokens(kv_hw)
        counts.append(StageTokens(q, merged_q, kv, merged_kv))
    return counts


def describe(name: str, counts: Sequence[StageTokens], hw: tuple[int, int], batch: int = 1) -> str:
    """Name a strategy and the token counts of ``hw`` (height, width) pixels in one line."""
    stages = []
    for number, n in enumerate(counts, 1):
        q = f'{n.q}' if n.q == n.q_merged else f'{n.q} -> {n.q_merged}'
        kv = f'{n.kv}' if n.kv == n.kv_merged else f'{n.kv} -> {n.kv_merged}'
        stages.append(f'stage {number}: q {q}, kv {kv}')
    images = f'{hw[1]}x{hw[0]}' + (f', batch {batch}' if batch > 1 else '')
    return f'Token merging: {name}. Tokens at {images}: {"; ".join(stages)}'


class TokenLog:
    """Logs what a backbone merges: at once, and with ``tome_cfg='auto'`` once for every choice."""

    def __init__(self, backbone: MixVisionTransformer, strategy: Strategy) -> None:
        self._strategy = strategy
        self._chooses = any(stage.only_if_faster for stage in strategy.stages)
        self._logged: set[tuple[bool, ...]] = set()
        self._last_size: tuple[tuple[int, int], int] | None = None
        hw = (1024, 1024)
        self._print(count_tokens(backbone, hw), hw)

    def on_forward(self, backbone: MixVisionTransformer, image: torch.Tensor) -> None:
        """Log where ``tome_cfg='auto'`` merges in images of this size, if that is new."""
        if not self._chooses or torch.compiler.is_compiling():
            return
        hw, batch = (image.shape[2], image.shape[3]), image.shape[0]
        if (hw, batch) == self._last_size:
            return
        self._last_size = (hw, batch)
        counts = count_tokens(backbone, hw, batch)
        choice = tuple(n.q + n.kv > n.q_merged + n.kv_merged for n in counts)
        if choice not in self._logged:
            self._logged.add(choice)
            self._print(counts, hw, batch)

    def _print(self, counts: Sequence[StageTokens], hw: tuple[int, int], batch: int = 1) -> None:
        print_log(describe(self._strategy.name, counts, hw, batch), logger='current')
