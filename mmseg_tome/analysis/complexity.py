"""Multiplications of a model, counted from shapes, beside the paper's formulas (Sec. III-D)."""

import math

import pandas as pd

from ..merging import BipartiteSoftMatching, Merging
from ..models import MixVisionTransformer
from ..models.token_counts import StageTokens, stage_sizes
from ..strategies import StageMerging

# The steps of a stage, as `profile` times them too.
PATCHES = 'patch embedding'
REDUCTION = 'spatial reduction'
MATCHING = 'matching'
MERGING = 'merging'
PROJECTIONS = 'projections'
ATTENTION = 'attention'
FFN = 'FFN and its norm'
HEAD = 'head'


def count_gflop(backbone: MixVisionTransformer, hw: tuple[int, int]) -> pd.DataFrame:
    """Count what a forward pass of one image computes.

    A multiplication and its addition are two operations. Norms, activations and softmax are not
    counted: they are few beside the matrix products.

    Args:
        backbone: With its strategy.
        hw: Height and width of the image in pixels.

    Returns:
        Columns ``stage`` (from 1), ``step``, ``gflop``.
    """
    rows = []
    in_channels = backbone.layers[0][0].projection.in_channels
    sizes = stage_sizes(backbone, hw)
    for i, (tokens, (h, w)) in enumerate(zip(backbone.token_counts(hw), sizes, strict=True)):
        channels = backbone.embed_dims * backbone.num_heads[i]
        ratio, depth = backbone.sr_ratios[i], backbone.num_layers[i]
        stage = _merging(backbone, i)
        kv_hw = (h // ratio, w // ratio)
        hidden = backbone.layers[i][1][0].ffn.feedforward_channels
        per_block = {
            REDUCTION: tokens.kv * (ratio * channels) ** 2 if ratio > 1 else 0,
            MATCHING: _matching(stage.q, (h, w), channels) + _matching(stage.kv, kv_hw, channels),
            PROJECTIONS: 2 * (tokens.q_merged + tokens.kv_merged) * channels**2,
            ATTENTION: 2 * tokens.q_merged * tokens.kv_merged * channels,
            FFN: tokens.q * hidden * (2 * channels + 9),
        }
        patches = tokens.q * backbone.patch_sizes[i] ** 2 * in_channels * channels
        counts = {PATCHES: patches, **{step: depth * n for step, n in per_block.items()}}
        rows += [
            {'stage': i + 1, 'step': step, 'gflop': 2e-9 * n} for step, n in counts.items() if n
        ]
        in_channels = channels
    return pd.DataFrame(rows)


def count_head_gflop(
    backbone: MixVisionTransformer, hw: tuple[int, int], channels: int, num_classes: int
) -> float:
    """Count the head with its fusion before resizing: per level to ``channels``, fused, scores."""
    sizes = stage_sizes(backbone, hw)
    fusion = sum(
        math.prod(size) * channels * (backbone.embed_dims * heads + channels)
        for size, heads in zip(sizes, backbone.num_heads, strict=True)
    )
    return 2e-9 * (fusion + math.prod(sizes[0]) * channels * num_classes)


def paper_formulas(backbone: MixVisionTransformer, hw: tuple[int, int]) -> pd.DataFrame:
    """Evaluate Eqs. 3 to 7 for every stage, in 1e9 multiplications of one block.

    Returns:
        Columns ``stage``, ``λ_q`` and ``λ_kv`` (Eq. 5, from the exact numbers of tokens),
        ``plain attention (Eq. 3)``, ``spatial reduction (Eq. 4)``, ``merging, no reduction
        (Eq. 6)`` (all tokens merged at the stage's rate), ``merging (Eq. 7)``, and ``counted``:
        matching and one of attention's two matrix products, from the exact numbers of tokens.
    """
    rows = []
    sizes = stage_sizes(backbone, hw)
    for i, (tokens, size) in enumerate(zip(backbone.token_counts(hw), sizes, strict=True)):
        channels = backbone.embed_dims * backbone.num_heads[i]
        ratio = backbone.sr_ratios[i]
        stage = _merging(backbone, i)
        kv_hw = (size[0] // ratio, size[1] // ratio)
        matching = _matching(stage.q, size, channels) + _matching(stage.kv, kv_hw, channels)
        full = tokens.q**2 * channels
        rows.append(
            {
                'stage': i + 1,
                'λ_q': tokens.q / tokens.q_merged,
                'λ_kv': tokens.kv / tokens.kv_merged,
                'plain attention (Eq. 3)': full / 1e9,
                'spatial reduction (Eq. 4)': full / ratio**2 / 1e9,
                'merging, no reduction (Eq. 6)': full * _eq_6(tokens, stage.q, stage.kv) / 1e9,
                'merging (Eq. 7)': full * _eq_7(tokens, ratio, stage.q, stage.kv) / 1e9,
                'counted': (tokens.q_merged * tokens.kv_merged * channels + matching) / 1e9,
            }
        )
    return pd.DataFrame(rows)


def _merging(backbone: MixVisionTransformer, stage: int) -> StageMerging:
    return backbone.strategy.stages[stage] if backbone.strategy else StageMerging()


def _eq_6(tokens: StageTokens, q: Merging | None, kv: Merging | None) -> float:
    """1 / lambda^2, and a quarter if tokens are matched: lambda of the side that is merged."""
    left = min(tokens.q_merged / tokens.q, tokens.kv_merged / tokens.kv)
    return left**2 + 0.25 * any(isinstance(side, BipartiteSoftMatching) for side in (q, kv))


def _eq_7(tokens: StageTokens, ratio: int, q: Merging | None, kv: Merging | None) -> float:
    """1 / (lambda_kv lambda_q R^2), and a quarter for every matching that takes place."""
    q_left, kv_left = tokens.q_merged / tokens.q, tokens.kv_merged / tokens.kv
    similarity = 0.25 * isinstance(q, BipartiteSoftMatching)
    similarity += 0.25 / ratio**4 * isinstance(kv, BipartiteSoftMatching)
    return q_left * kv_left / ratio**2 + similarity


def _matching(merging: Merging | None, hw: tuple[int, int], channels: int) -> int:
    """|A| |B| D: every source with every destination."""
    return merging.num_pairs(hw) * channels if merging else 0
