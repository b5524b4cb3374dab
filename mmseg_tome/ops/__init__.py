"""The few heavy steps of token merging and of SegFormer, on plain tensors. Imports torch alone.

Each function is its readable reference; on devices where another way is faster it takes that, see
:mod:`mmseg_tome.ops.dispatch`. :class:`use_backend` chooses by hand.
"""

from .assign import assign_slots
from .attention import multi_head_attention, scaled_dot_product_attention
from .backend import chosen_backend, use_backend
from .depthwise import depthwise_conv, depthwise_gelu
from .ffn import mix_ffn
from .fuse import add_levels, fuse_levels, pointwise
from .head import fusion_head
from .layout import to_map, to_tokens
from .local_match import best_local_match
from .match import best_match
from .matmul import linear
from .merge import Members, count_tokens, merge_tokens, unmerge_tokens
from .norm import layer_norm
from .pool import pool_tokens, unpool_tokens
from .weights import AttentionWeights, FFNWeights, FusionHeadWeights, PointwiseLayer

__all__ = [
    'AttentionWeights',
    'FFNWeights',
    'FusionHeadWeights',
    'Members',
    'PointwiseLayer',
    'add_levels',
    'assign_slots',
    'best_local_match',
    'best_match',
    'chosen_backend',
    'count_tokens',
    'depthwise_conv',
    'depthwise_gelu',
    'fuse_levels',
    'fusion_head',
    'layer_norm',
    'linear',
    'merge_tokens',
    'mix_ffn',
    'multi_head_attention',
    'pointwise',
    'pool_tokens',
    'scaled_dot_product_attention',
    'to_map',
    'to_tokens',
    'unmerge_tokens',
    'unpool_tokens',
    'use_backend',
]
