"""The few heavy steps of token merging, on plain tensors. Imports torch alone."""

from .assign import assign_slots
from .attention import attend
from .cpu.matmul import linear
from .cpu.row_tiles import strips_pay
from .depthwise import depthwise_gelu
from .dispatch import use_backend
from .ffn import FFNWeights, mix_ffn, mix_ffn_in_strips
from .fuse import fuse_levels, pointwise
from .head import FusionHeadWeights, fusion_head, fusion_head_in_strips
from .layout import to_map, to_tokens
from .match import best_match
from .merge import Members, merge_tokens, unmerge_tokens

__all__ = [
    'FFNWeights',
    'FusionHeadWeights',
    'Members',
    'assign_slots',
    'attend',
    'best_match',
    'depthwise_gelu',
    'fuse_levels',
    'fusion_head',
    'fusion_head_in_strips',
    'linear',
    'merge_tokens',
    'mix_ffn',
    'mix_ffn_in_strips',
    'pointwise',
    'strips_pay',
    'to_map',
    'to_tokens',
    'unmerge_tokens',
    'use_backend',
]
