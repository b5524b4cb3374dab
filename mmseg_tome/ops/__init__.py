"""The few heavy steps of token merging, on plain tensors. Imports torch alone."""

from .ffn import FFNWeights, mix_ffn, mix_ffn_in_strips, strips_pay
from .fuse import fuse_levels
from .match import best_match
from .merge import merge_tokens, unmerge_tokens

__all__ = [
    'FFNWeights',
    'best_match',
    'fuse_levels',
    'merge_tokens',
    'mix_ffn',
    'mix_ffn_in_strips',
    'strips_pay',
    'unmerge_tokens',
]
